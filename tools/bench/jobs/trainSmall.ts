import type { Case } from '../runCase';
import { smallModelTask } from '../task';
import { caseJob } from './job';

/** Sums of thousands of products round differently in each library; five steps of Adam amplify it a little. */
const TOLERANCE = { float32: 1e-3, bfloat16: 5e-2 } as const;

function trainingCase(
  model: 'mlp' | 'cnn',
  batchSize: number,
  precision: 'float32' | 'bfloat16',
): Case {
  const isFloat = precision === 'float32';
  const promised = model === 'cnn';
  return {
    id: `train-${model}-${batchSize}-${precision}`,
    title: `${model.toUpperCase()} training, batch ${batchSize}, ${precision}`,
    task: smallModelTask(model, { batchSize, precision }),
    // tfjs has no bfloat16.
    contestants: ['compiled', ...(isFloat ? (['eager'] as const) : []), 'keras', 'torch'],
    measure: 'throughput',
    goals: isFloat
      ? [
          { against: ['keras', 'torch'], atLeast: promised ? 1.2 : undefined },
          { against: ['eager'] },
        ]
      : [{ against: ['torch'], atLeast: promised ? 1 : undefined }, { against: ['keras'] }],
    tolerance: TOLERANCE[precision],
  };
}

const VARIANTS = [
  [32, 'float32'],
  [128, 'float32'],
  [32, 'bfloat16'],
  [128, 'bfloat16'],
] as const;

export const trainCnn = caseJob(
  'train-cnn',
  'Training throughput of the original CNN',
  VARIANTS.map(([batchSize, precision]) => trainingCase('cnn', batchSize, precision)),
);

export const trainMlp = caseJob(
  'train-mlp',
  'Training throughput of the original MLP',
  VARIANTS.map(([batchSize, precision]) => trainingCase('mlp', batchSize, precision)),
);
