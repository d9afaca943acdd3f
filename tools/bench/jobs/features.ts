import { headTask } from '../task';
import { caseJob } from './job';

/** Passes over the pictures: Keras' guide to transfer learning takes twenty, its tutorial ten.  */
const EPOCHS = 5;

export const features = caseJob(
  'features',
  `A new head on frozen MobileNetV2: alpha 1, batch 32, ${EPOCHS} epochs; per picture of the training set`,
  [96, 160].map((inputSize) => ({
    id: `features-${inputSize}`,
    title: `MobileNetV2 frozen, ${inputSize} px: features once and ${EPOCHS} epochs of the head`,
    task: headTask({ inputSize, batchSize: 32, epochs: EPOCHS }),
    contestants: ['compiled', 'engine', 'int8', 'keras'],
    measure: 'throughput',
    goals: [
      { against: ['keras'], atLeast: 8 },
      { of: 'engine', against: ['keras'], atLeast: 12 },
      { of: 'int8', against: ['engine'] },
    ],
    tolerance: 1e-3,
    int8Tolerance: 0.1,
  })),
);
