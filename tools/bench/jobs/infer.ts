import { hasVnni } from '../machine';
import type { Goal } from '../results';
import type { Case } from '../runCase';
import { mobileNetTask, smallModelTask } from '../task';
import { caseJob } from './job';

const CONTESTANTS = [
  'compiled',
  'engine',
  'int8',
  'eager',
  'keras',
  'torch',
  'onnx',
  'onnxFile',
] as const;

/** Of int8 with random weights, which move it more than those of a training; .32 was seen. */
const TOLERANCES = { tolerance: 1e-3, int8Tolerance: 0.5 };

/** Node's ONNX Runtime keeps up with Python's on the same file, and int8 is the faster one. */
function onnxGoals(int8?: number): Goal[] {
  return [
    { of: 'engine', against: ['onnxFile'], atLeast: 0.95 },
    { of: 'engine', against: ['onnx'] },
    { of: 'int8', against: ['engine'], atLeast: int8 },
  ];
}

function latencyCase(inputSize: number): Case {
  const promised = inputSize === 224;
  return {
    id: `infer-mobilenet-${inputSize}-latency`,
    title: `MobileNetV2, one picture of ${inputSize} px`,
    task: mobileNetTask('infer', { inputSize, batchSize: 1 }),
    contestants: CONTESTANTS,
    measure: 'latency',
    goals: [
      { against: ['keras'], atLeast: promised ? 1.8 : undefined },
      { against: ['torch'], atLeast: promised ? 1 : undefined },
      { against: ['onnx'] },
      { against: ['eager'] },
      ...onnxGoals(promised && hasVnni() ? 1.8 : undefined),
    ],
    ...TOLERANCES,
  };
}

const OPEN_GOALS: readonly Goal[] = [
  { against: ['keras', 'torch'] },
  { against: ['onnx'] },
  { against: ['eager'] },
  ...onnxGoals(),
];

function throughputCase(inputSize: number): Case {
  return {
    id: `infer-mobilenet-${inputSize}-batch`,
    title: `MobileNetV2, batches of 32 at ${inputSize} px`,
    task: mobileNetTask('infer', { inputSize, batchSize: 32 }),
    contestants: CONTESTANTS,
    measure: 'throughput',
    goals: OPEN_GOALS,
    ...TOLERANCES,
  };
}

export const inferMobileNet = caseJob(
  'infer-mobilenet',
  'Inference of MobileNetV2, alpha 1, with its 1000 classes',
  [latencyCase(224), latencyCase(96), throughputCase(224), throughputCase(96)],
);

export const inferCnn = caseJob(
  'infer-cnn',
  'Inference of the original CNN',
  [32, 1024].map((batchSize) => ({
    id: `infer-cnn-${batchSize}`,
    title: `CNN, batches of ${batchSize}`,
    task: smallModelTask('cnn', { kind: 'infer', batchSize }),
    contestants: CONTESTANTS,
    measure: 'throughput',
    goals: OPEN_GOALS,
    ...TOLERANCES,
  })),
);
