/**
 * What bfloat16 costs in accuracy: the original CNN trained from the same weights, on the same pictures in the same order,
 * in float32 and in bfloat16. Findings: ../README.md. Needs CIFAR-10 (`npm start` fetches it, or CIFAR10_DIR).
 *
 *     node --import tsx tools/bench/ours/bfloat16Accuracy.ts [--pictures 20000] [--epochs 2] [--seeds 3]
 */
import { parseArgs } from 'node:util';
import { loadCifar10 } from '../../../lib/data/cifar10';
import { splitDataset, take } from '../../../lib/data/dataset';
import { UNIT_SCALE } from '../../../lib/data/preprocess';
import { createCnn } from '../../../lib/models/cnn';
import type { TrainingOptions } from '../../../lib/training/config';
import type { EpochRecord } from '../../../lib/training/history';
import { trainModel } from '../../../lib/training/train';

const PRECISIONS = ['float32', 'bfloat16'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      pictures: { type: 'string', default: '20000' },
      epochs: { type: 'string', default: '2' },
      seeds: { type: 'string', default: '3' },
    },
  });
  const [pictures, epochs, seeds] = [values.pictures, values.epochs, values.seeds].map(Number);
  const all = await loadCifar10();
  // The seed's validation split; the test set stays out of it.
  const { trainSet, valSet } = splitDataset(all.trainSet, { seed: 42 });
  const accuracies: Record<string, number[]> = { float32: [], bfloat16: [] };
  for (let seed = 1; seed <= seeds; seed++) {
    for (const precision of PRECISIONS) {
      const last = await train({
        trainSet: take(trainSet, pictures),
        valSet,
        epochs,
        batchSize: 128,
        seed,
        preprocess: { height: trainSet.height, width: trainSet.width, ...UNIT_SCALE },
        bfloat16: precision === 'bfloat16',
      });
      accuracies[precision].push(last.val!.accuracy);
      console.log(
        `seed ${seed}, ${precision}: validation accuracy ${last.val!.accuracy?.toFixed(4)}, ` +
          `loss ${last.val!.loss?.toFixed(4)}, ${Math.round(last.imagesPerSecond)} images/s`,
      );
    }
  }
  for (const precision of PRECISIONS) {
    const { mean, deviation } = summarize(accuracies[precision]);
    console.log(`${precision}: ${mean.toFixed(4)} ± ${deviation.toFixed(4)} (n = ${seeds})`);
  }
  const differences = accuracies.bfloat16.map((value, i) => value - accuracies.float32[i]);
  const { mean, deviation } = summarize(differences);
  console.log(`bfloat16 − float32, seed by seed: ${mean.toFixed(4)} ± ${deviation.toFixed(4)}`);
}

async function train(options: TrainingOptions): Promise<EpochRecord> {
  const model = createCnn({ seed: options.seed });
  try {
    const { epochs } = await trainModel(model, options);
    return epochs[epochs.length - 1];
  } finally {
    model.dispose();
  }
}

/** Mean and sample standard deviation (n - 1). */
function summarize(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(values.length - 1, 1)) };
}

void main();
