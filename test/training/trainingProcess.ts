/**
 * A training in a process of its own, to be interrupted and killed: `trainingProcess.ts <checkpoint directory>`.
 *
 * Prints "training" with its first step, and at the end one line of JSON: the curve and a checksum of the weights.
 */
import { createHash } from 'node:crypto';
import { trainModel } from '../../lib/training/train';
import { createTinyModel, tinyOptions, weightValues } from './tinyTraining';

async function main(directory: string | undefined): Promise<void> {
  const model = createTinyModel();
  let announced = false;
  const { epochs, bestEpoch } = await trainModel(model, {
    ...tinyOptions(),
    epochs: 8,
    keepBest: 'loss',
    earlyStopping: { patience: 100 },
    // A checkpoint after every step.
    ...(directory ? { checkpoint: { directory, everyMinutes: 1e-9, resume: 'always' } } : {}),
    onStep: () => {
      if (!announced) process.stdout.write('training\n');
      announced = true;
    },
  });
  const hash = createHash('sha256');
  for (const values of weightValues(model)) hash.update(new Uint8Array(values.buffer));
  const curve = epochs.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures);
  process.stdout.write(`${JSON.stringify({ curve, bestEpoch, weights: hash.digest('hex') })}\n`);
}

main(process.argv[2]).catch((error: Error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
});
