import { mobileNetTask } from '../task';
import { caseJob } from './job';

export const fineTune = caseJob(
  'fine-tune',
  'A fine-tuning step of MobileNetV2: alpha 1, 96 px, batch 32, all layers, momentum',
  (['frozen', 'training'] as const).map((batchNorm) => ({
    id: `fine-tune-${batchNorm}`,
    title: `MobileNetV2 fine-tuning, 96 px, batch 32, batch norm ${batchNorm}`,
    task: mobileNetTask('train', { inputSize: 96, batchSize: 32, batchNorm }),
    contestants: ['compiled', 'eager', 'keras', 'torch'],
    measure: 'throughput',
    goals: [
      { against: ['keras'], atLeast: 1.2 },
      { against: ['torch'], atLeast: 1 },
      { against: ['eager'] },
    ],
    // The first losses agree in six digits; 52 layers deep, each step then makes more of the rounding.
    tolerance: 1e-2,
  })),
);
