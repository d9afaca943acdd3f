// Trains the embedded backbone and writes its record; started by scripts/trainBackbone.mjs.
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import library from '../../dist/index.js';
import { inProject, root, writeFileAtomic } from '../setup/project.mjs';

const { describeEnvironment, measureBackboneWorth, pretrainBackbone } = library;

try {
  await main(JSON.parse(process.argv[2]));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function main({ pictures, epochs, seed, out, ...sizes }) {
  const recipe = {
    pictures,
    epochs,
    inputSize: sizes['input-size'],
    batchSize: sizes['batch-size'],
    seed,
  };
  const file = out
    ? resolve(process.env.INIT_CWD ?? root, out)
    : inProject('data', 'embedded', 'mobilenet_v2_0.35_no_top.h5');
  process.stdout.write(`Drawing ${pictures.toLocaleString('en')} pictures …\n`);
  const history = await pretrainBackbone({
    ...recipe,
    file,
    checkpointDirectory: inProject('data', 'backbone-training'),
    onStep: showStep,
    onEpoch: ({ epoch, trainAccuracy, valAccuracy, seconds }) =>
      process.stdout.write(
        `Epoch ${epoch}: accuracy ${trainAccuracy.toFixed(4)}, on other pictures ${valAccuracy.toFixed(4)}, ${seconds.toFixed(0)} s\n`,
      ),
    onResume: ({ epoch, step }) =>
      process.stdout.write(`Going on from step ${step}, in epoch ${epoch}\n`),
  });
  process.stdout.write('Measuring what it is worth with 20 pictures a class …\n');
  const { inputSize } = recipe;
  const worth = await measureBackboneWorth({ path: file, inputSize, seed });
  writeRecord(file, recipe, { history, worth });
  process.stdout.write(`${file}: ${statSync(file).size.toLocaleString('en')} bytes\n`);
}

/** One line a hundred steps. */
function showStep({ step, epochs, stepsPerEpoch, loss, accuracy, imagesPerSecond, secondsLeft }) {
  if (step % 100 !== 0) return;
  process.stdout.write(
    `step ${step} of ${epochs * stepsPerEpoch}: loss ${loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)}, ` +
      `${imagesPerSecond.toFixed(0)} images/s, ${Math.ceil(secondsLeft / 60)} min left\n`,
  );
}

/** What the weights are and how they came about, beside them. */
function writeRecord(file, recipe, { history: { epochs, seconds }, worth }) {
  const last = epochs.at(-1);
  const record = {
    what: 'MobileNetV2, alpha 0.35, without its top, in the layout of a Keras .h5 file',
    trainedOn:
      'pictures of 47 things, drawn by lib/data/sample/otherClasses; none of them is a class of CIFAR-10, and no photograph was used',
    command: `npm run train-backbone -- --pictures ${recipe.pictures} --epochs ${recipe.epochs} --input-size ${recipe.inputSize} --batch-size ${recipe.batchSize} --seed ${recipe.seed}`,
    licence: 'MIT, as the rest of this project',
    file: basename(file),
    sizeBytes: statSync(file).size,
    recipe,
    accuracy: { classes: 47, training: last.trainAccuracy, otherPictures: last.valAccuracy },
    worth,
    trainingSeconds: Math.round(seconds),
    trainedAt: new Date().toISOString(),
    ...describeEnvironment(),
  };
  writeFileAtomic(file.replace(/\.h5$/, '.json'), `${JSON.stringify(record, null, 2)}\n`);
}
