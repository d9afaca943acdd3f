// Jupyter's stop button, pressed in a real kernel while a cell trains.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { inVenv, jupyterEnvironment } from '../../tools/launcher/setup/project.mjs';
import { notebooksFolder } from './kernel';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

interface Step {
  readonly code: string;
  readonly interruptAt?: string;
  readonly until?: string;
  readonly then?: string;
}

interface Outcome {
  readonly outputs: readonly string[];
  /** From the cell's start to each output. */
  readonly seconds: readonly number[];
  /** What a front end shows in red. */
  readonly errors: string;
  readonly status: string;
  readonly thenStatus: string | null;
  readonly secondsToIdle: number | null;
}

const training = `const cnn = await run.train('CNN', values, {
  model: ml.createCnn,
  onStep: () => new Promise((resolve) => setTimeout(resolve, 50)),
});
console.log(\`trained \${cnn.history.epochs.length} epochs\`);`;

const steps: Step[] = [
  {
    code: `import * as ml from "../lib";
import { extractFeatures } from "../dist/lib/training/features";`,
  },
  {
    code: `const noise = (side: number) => ml.createDataset({
  name: 'noise', source: 'generated', classNames: ['dark', 'light'], height: side, width: side,
  labels: Int32Array.from({ length: 80 }, (_, index) => index % 2),
  images: Uint8Array.from({ length: 80 * side * side * 3 }, (_, index) => (index * 7919) % 251),
});
const pictures = noise(16);
const values = { seed: 3, epochs: 3, batchSize: 8 };
const run = ml.startRun('example', values);
run.useData({ name: 'noise', source: 'generated', trainSet: pictures, valSet: pictures, testSet: pictures });
const model = ml.createCnn({ inputShape: [16, 16, 3], numClasses: 2, seed: 3 });
const recipe = {
  ...values, trainSet: pictures, preprocess: { height: 16, width: 16, ...ml.UNIT_SCALE },
};`,
  },
  {
    code: training,
    interruptAt: 'step ',
    until: 'Stopped in epoch',
    then: 'console.log("the next cell")',
  },
  { code: 'console.log(`the kernel counts: ${1 + 1}`);' },
  { code: training },
  {
    code: `const forgotten = ml.trainModel(model, { ...recipe, epochs: 1000 });
forgotten.catch(() => undefined);`,
  },
  { code: 'await ml.trainModel(model, recipe);', until: 'one training at a time' },
  // Ends the forgotten training. Not in the cell's synchronous part: Node loses a signal that comes just as that ends.
  {
    code: `await new Promise((resolve) => setTimeout(resolve, 300));
console.log("here");
const ending = await forgotten.catch((error) => error.message);
console.log(ending);`,
    interruptAt: 'here',
  },
];

/** Every other work that the stop button ends. Each says something before the first of its many batches. */
const works: readonly {
  readonly name: string;
  readonly code: string;
  readonly interruptAt?: string;
  readonly says: RegExp;
}[] = [
  {
    name: 'a search for a learning rate',
    code: 'await run.findLearningRate(values, { model: ml.createCnn, steps: 10_000, to: 1e-4 });',
    interruptAt: '0 % of 10000 steps',
    says: /^The search for a learning rate was interrupted after \d+ of 10000 steps: nothing of it is kept\.$/,
  },
  {
    name: 'a prediction',
    code: 'await ml.predictDataset({ model: model, preprocess: preprocess }, pictures, { batchSize: 1, onProgress: say });',
    says: /^Prediction was interrupted after \d+ of 80 pictures\.$/,
  },
  {
    name: 'an extraction of features',
    code: `await extractFeatures({ model: model, preprocess: preprocess }, pictures, { batchSize: 1, cache: false, onProgress: say });`,
    says: /^Feature extraction was interrupted after \d+ of 80 pictures: nothing of it is kept\.$/,
  },
  {
    name: 'an ablation',
    code: `await ml.measureAblation({
  trainSet: large, valSet: large, seeds: [1], onResult: say,
  recipe: { ...ml.RECIPES.fast, epochs: 1, widths: [8, 8, 8], batchSize: 8 },
});`,
    says: /^The ablation was interrupted after \d+ of \d+ measurements: nothing of it is kept\.$/,
  },
];
const firstWork = steps.length + 1;

steps.push(
  {
    code: `const preprocess = recipe.preprocess;
const large = noise(32);
const say = (): void => {
  console.log('at work');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50); // a batch of 50 ms
};`,
  },
  ...works.map(({ code, interruptAt = 'at work' }) => ({ code, interruptAt })),
);

let outcomes: readonly Outcome[];

before(async () => {
  outcomes = await runSteps();
});

function runSteps(): Promise<readonly Outcome[]> {
  const script = join(__dirname, 'interruptCell.py');
  const env = { ...jupyterEnvironment(), RUN_DIR: folder, TENSORFLOW_LOG: join(folder, 'log') };
  const driver = spawn(inVenv('bin', 'python'), [script, notebooksFolder], { env });
  let [printed, errors] = ['', ''];
  driver.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  driver.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  driver.stdin.end(JSON.stringify(steps));
  return new Promise((resolve, reject) => {
    driver.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(printed) as Outcome[]);
      else reject(new Error(errors));
    });
  });
}

/** Everything that appeared while the nth of `steps` was at work. */
function shown(index: number): string {
  return outcomes[index].outputs.join('\n');
}

test('the stop button ends the training, and the cell says where it stopped and how it goes on', () => {
  const [, epoch, step] =
    /Stopped in epoch (\d) after step (\d+); run this cell again to continue\.$/m.exec(shown(2)) ??
    [];
  assert.ok(Number(epoch) >= 1 && Number(step) >= 1, shown(2));
  assert.doesNotMatch(shown(2), /trained \d epochs/);
  assert.notEqual(outcomes[2].secondsToIdle, null);
});

test('the cell shows the frame before the first step, and a while before it', () => {
  const { outputs, seconds } = outcomes[2];
  assert.match(outputs[0], /preparing: the first step is being compiled$/);
  assert.match(outputs[1], /step 1 of 10/);
  assert.ok(seconds[1] - seconds[0] > 0.05, `${seconds[1] - seconds[0]} s`);
});

test('the stopped cell shows one line in red, and the cells behind it do not run', () => {
  const { errors, status, thenStatus } = outcomes[2];
  assert.match(
    errors,
    /^Training was interrupted in epoch \d of 3 after step \d+; run it again to continue\.\n$/,
  );
  assert.deepEqual([status, thenStatus], ['error', 'abort']);
});

for (const [index, { name, says }] of works.entries()) {
  test(`${name} ends at the stop button with one line in red`, () => {
    const { errors, status } = outcomes[firstWork + index];
    assert.match(errors, new RegExp(`${says.source.slice(0, -1)}\n$`));
    assert.equal(status, 'error');
  });
}

test('the kernel computes on', () => {
  assert.match(shown(3), /the kernel counts: 2/);
});

test('the cell that runs again goes on after the step at which it was stopped', () => {
  const stoppedAfter = /after step (\d+);/.exec(shown(2))?.[1];
  assert.ok(shown(4).includes(`Resumed after step ${stoppedAfter}.`), shown(4));
  assert.match(shown(4), /trained 3 epochs/);
  assert.deepEqual(
    readdirSync(join(folder, 'checkpoints', 'CNN')).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a second training is refused while one runs that nobody awaits', () => {
  assert.match(
    shown(6),
    /Expected one training at a time but a training \(epoch \d+ of 1000, step \d+ of 10000\) is still running/,
  );
});

test('the stop button ends the training that nobody awaits, and leaves the running cell alone', () => {
  assert.match(shown(7), /Training was interrupted in epoch \d+ of 1000 after step \d+\./);
  assert.deepEqual([outcomes[7].status, outcomes[7].errors], ['ok', '']);
});
