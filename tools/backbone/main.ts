/** `npm run train-backbone`: trains the embedded backbone and writes its record beside it. Started by launch.mjs. */
import { statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../lib/atomicFile';
import { describeEnvironment } from '../../lib/experiments/environment';
import type { History, StepInfo } from '../../lib/training/history';
import { measureBackboneWorth, type BackboneWorth } from './backboneWorth';
import { pretrainBackbone } from './pretrain';

const ROOT = join(__dirname, '..', '..');

const HELP = `npm run train-backbone -- [options]

Draws pictures of 47 things that CIFAR-10 does not name, trains MobileNetV2 (alpha .35) on them, and writes its weights
without the top, with a record beside them. Stopped or killed, the same command goes on from its last checkpoint.

  --pictures N    training pictures to draw, 3 kB of memory each (default: 50000)
  --epochs N      (default: 8)
  --input-size N  height and width in the network, 32 to 224 pixels (default: 96)
  --batch-size N  (default: 64)
  --seed N        (default: 42)
  --out FILE      (default: data/embedded/mobilenet_v2_0.35_no_top.h5)
  --help          show this
`;

interface Recipe {
  readonly pictures: number;
  readonly epochs: number;
  readonly inputSize: number;
  readonly batchSize: number;
  readonly seed: number;
}

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pictures: { ...text, default: '50000' },
      epochs: { ...text, default: '8' },
      'input-size': { ...text, default: '96' },
      'batch-size': { ...text, default: '64' },
      seed: { ...text, default: '42' },
      out: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const recipe: Recipe = {
    pictures: wholeNumber('--pictures', values.pictures),
    epochs: wholeNumber('--epochs', values.epochs),
    inputSize: wholeNumber('--input-size', values['input-size']),
    batchSize: wholeNumber('--batch-size', values['batch-size']),
    seed: wholeNumber('--seed', values.seed),
  };
  const file =
    values.out === undefined
      ? join(ROOT, 'data', 'embedded', 'mobilenet_v2_0.35_no_top.h5')
      : resolve(process.env.INIT_CWD ?? ROOT, values.out);
  process.stdout.write(`Drawing ${recipe.pictures.toLocaleString('en')} pictures …\n`);
  const history = await pretrainBackbone({
    ...recipe,
    file,
    checkpointDirectory: join(ROOT, 'data', 'backbone-training'),
    onStep: showStep,
    onEpoch: ({ epoch, train, val, seconds }) =>
      process.stdout.write(
        `Epoch ${epoch}: accuracy ${train.accuracy.toFixed(4)}, validation ${val?.accuracy.toFixed(4)}, ${seconds.toFixed(0)} s\n`,
      ),
    onResume: ({ epoch, step }) =>
      process.stdout.write(`Going on from step ${step}, in epoch ${epoch}\n`),
  });
  process.stdout.write('Measuring what it is worth with 20 pictures a class …\n');
  const { inputSize, seed } = recipe;
  const worth = await measureBackboneWorth({ path: file, inputSize, seed });
  await writeRecord(file, recipe, { history, worth });
  process.stdout.write(`${file}: ${statSync(file).size.toLocaleString('en')} bytes\n`);
}

function wholeNumber(option: string, given: string): number {
  const value = Number(given);
  if (Number.isSafeInteger(value)) return value;
  throw new Error(
    `Expected a whole number after ${option} but received "${given}": see npm run train-backbone -- --help.`,
  );
}

/** One line every hundred steps. */
function showStep(info: StepInfo): void {
  const { step, epochs, stepsPerEpoch, train, imagesPerSecond, secondsLeft } = info;
  if (step % 100 !== 0) return;
  process.stdout.write(
    `step ${step} of ${epochs * stepsPerEpoch}: loss ${train.loss.toFixed(3)}, accuracy ${train.accuracy.toFixed(3)}, ` +
      `${imagesPerSecond.toFixed(0)} images/s, ${Math.ceil(secondsLeft / 60)} min left\n`,
  );
}

/** What the weights are and how they came about, beside them. */
async function writeRecord(
  file: string,
  recipe: Recipe,
  { history: { epochs, seconds }, worth }: { history: History; worth: BackboneWorth },
): Promise<void> {
  const { pictures, inputSize, batchSize, seed } = recipe;
  const last = epochs[epochs.length - 1];
  const record = {
    what: 'MobileNetV2, alpha 0.35, without its top, in the layout of a Keras .h5 file',
    trainedOn:
      'pictures of 47 things, drawn by tools/backbone/otherClasses; none of them is a class of CIFAR-10, and no photograph was used',
    command: `npm run train-backbone -- --pictures ${pictures} --epochs ${recipe.epochs} --input-size ${inputSize} --batch-size ${batchSize} --seed ${seed}`,
    licence: 'MIT, as the rest of this project',
    file: basename(file),
    sizeBytes: statSync(file).size,
    recipe,
    accuracy: { classes: 47, training: last.train.accuracy, otherPictures: last.val?.accuracy },
    worth,
    trainingSeconds: Math.round(seconds),
    trainedAt: new Date().toISOString(),
    ...describeEnvironment(),
  };
  await writeFileAtomic(file.replace(/\.h5$/, '.json'), `${JSON.stringify(record, null, 2)}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
