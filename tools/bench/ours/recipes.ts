/**
 * This project's recipes as a process, driven as peers/keras_accuracy.py:
 *
 *     {"do": "write", "folder": "...", "pictures": n}   CIFAR-10 as raw bytes, for both sides
 *     {"do": "train", "folder": "...", "recipe": "fast", "epochs": n, "seed": n}
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadCifar10 } from '../../../lib/data/cifar10';
import { indicesBetween } from '../../../lib/data/batches';
import { createDataset, imagesAt, take, type ImageDataset } from '../../../lib/data/dataset';
import { DownloadError } from '../../../lib/data/downloadError';
import { evaluateClassifier } from '../../../lib/evaluation/evaluate';
import { RECIPES, recipeTraining, trainRecipe } from '../../../lib/training/recipe';
import type { RaceData } from '../accuracy/trainings';
import { serveCommands } from './worker';

interface Command {
  readonly do: string;
  readonly folder: string;
  readonly pictures?: number;
  readonly recipe: keyof typeof RECIPES;
  readonly epochs?: number;
  readonly seed: number;
}

async function writeData({ folder, pictures }: Command): Promise<RaceData> {
  const { name, source, ...sets } = await loadCifar10({ offline: true }).catch(explainMissing);
  const [trainSet, testSet] = [sets.trainSet, sets.testSet].map((set) =>
    take(set, Math.min(pictures ?? set.size, set.size)),
  );
  const { height: side, classNames } = trainSet;
  for (const [part, set] of Object.entries({ train: trainSet, test: testSet })) {
    await writeFile(join(folder, `${part}-images.bin`), imagesAt(set, indicesBetween(0, set.size)));
    await writeFile(join(folder, `${part}-labels.bin`), bytesOf(set.labels));
  }
  const about = { name, source, side, classes: classNames.length, classNames };
  await writeFile(join(folder, 'data.json'), JSON.stringify(about));
  return { name, source, trainCount: trainSet.size, testCount: testSet.size };
}

function explainMissing(error: unknown): never {
  if (!(error instanceof DownloadError)) throw error;
  throw new Error(
    'Expected CIFAR-10 for the job accuracy but there is none on this machine: name its folder with CIFAR10_DIR=FOLDER, ' +
      'or let `npm start -- --set dataSource=cifar10` download it first.',
    { cause: error },
  );
}

async function train({ folder, recipe: name, seed, epochs }: Command): Promise<object> {
  const recipe = { ...RECIPES[name], ...(epochs === undefined ? {} : { epochs }) };
  const [trainSet, testSet] = [readPart(folder, 'train'), readPart(folder, 'test')];
  const startedAt = performance.now();
  const secondsSoFar = () => (performance.now() - startedAt) / 1000;
  const { classifier } = await trainRecipe(
    { trainSet },
    {
      recipe,
      seed,
      onEpoch: ({ epoch, train }) =>
        tell(
          `epoch ${epoch}, ${secondsSoFar().toFixed(0)} s, training accuracy ${train.accuracy.toFixed(3)}`,
        ),
    },
  );
  const seconds = secondsSoFar();
  const { accuracy } = await evaluateClassifier(classifier, testSet);
  const oneView = await evaluateClassifier({ ...classifier, views: 1 }, testSet);
  return {
    seconds,
    testAccuracy: accuracy,
    singleViewAccuracy: oneView.accuracy,
    epochs: recipe.epochs,
    parameters: classifier.model.countParams(),
    precision: recipeTraining(recipe).bfloat16 ? 'bfloat16' : 'float32',
  };
}

function readPart(folder: string, part: 'train' | 'test'): ImageDataset {
  const { name, source, side, classNames } = JSON.parse(
    readFileSync(join(folder, 'data.json'), 'utf8'),
  );
  const labels = readFileSync(join(folder, `${part}-labels.bin`));
  return createDataset({
    name,
    source,
    images: readFileSync(join(folder, `${part}-images.bin`)),
    labels: Int32Array.from({ length: labels.length / 4 }, (_, i) => labels.readInt32LE(4 * i)),
    classNames,
    height: side,
    width: side,
  });
}

/** Progress. */
function tell(text: string): void {
  process.stdout.write(`# ${text}\n`);
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

void serveCommands((command: Command): unknown => {
  if (command.do === 'write') return writeData(command);
  if (command.do === 'train') return train(command);
  if (command.do === 'memory') return { peakBytes: process.resourceUsage().maxRSS * 1024 };
  throw new Error(`Unknown command "${command.do}"`);
});
