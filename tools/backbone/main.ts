/** `npm run train-backbone`: trains the embedded backbone and writes its record beside it. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { describeEnvironment } from '../../lib/runs/environment';
import type { History, StepInfo } from '../../lib/training/history';
import { fromHere, inProject, runProgram } from '../commands/program';
import { measureBackboneWorth, type BackboneWorth } from './backboneWorth';
import { pretrainBackbone } from './pretrain';

interface Recipe {
  readonly pictures: number;
  readonly epochs: number;
  readonly inputSize: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** What the launcher read from the command line: tools/launcher/commands.mjs. */
type Options = Partial<Recipe> & { readonly out?: string };

async function main({
  pictures = 50_000,
  epochs = 8,
  inputSize = 96,
  batchSize = 64,
  seed = 42,
  out,
}: Options): Promise<void> {
  const recipe: Recipe = { pictures, epochs, inputSize, batchSize, seed };
  const file =
    out === undefined
      ? inProject('data', 'embedded', 'mobilenet_v2_0.35_no_top.h5')
      : fromHere(out);
  process.stdout.write(`Drawing ${recipe.pictures.toLocaleString('en')} pictures …\n`);
  const history = await pretrainBackbone({
    ...recipe,
    file,
    checkpointDirectory: inProject('data', 'backbone-training'),
    onStep: showStep,
    onEpoch: ({ epoch, train, val, seconds }) =>
      process.stdout.write(
        `Epoch ${epoch}: accuracy ${train.accuracy.toFixed(4)}, validation ${val?.accuracy.toFixed(4)}, ${seconds.toFixed(0)} s\n`,
      ),
    onResume: ({ epoch, step }) =>
      process.stdout.write(`Going on from step ${step}, in epoch ${epoch}\n`),
  });
  process.stdout.write('Measuring what it is worth with 20 pictures a class …\n');
  const worth = await measureBackboneWorth({ path: file, inputSize, seed });
  await writeRecord(file, recipe, { history, worth });
  process.stdout.write(`${file}: ${statSync(file).size.toLocaleString('en')} bytes\n`);
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

void runProgram(main);
