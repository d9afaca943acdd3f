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
}

interface Outcome {
  readonly outputs: readonly string[];
  readonly secondsToIdle: number | null;
}

const training = `const live = createTrainingDisplay({ model: 'CNN', dataset: pictures, run: run });
const history = await trainModel(model, {
  ...recipe, ...live.callbacks,
  onStep: async (step) => {
    live.callbacks.onStep(step);
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
});
live.finish(history);
console.log(\`trained \${history.epochs.length} epochs\`);`;

const steps: Step[] = [
  {
    code: `import { createCnn, createDataset, createTrainingDisplay, startRun, trainModel, UNIT_SCALE } from "../lib";`,
  },
  {
    code: `const pictures = createDataset({
  name: 'noise', source: 'generated', classNames: ['dark', 'light'], height: 16, width: 16,
  labels: Int32Array.from({ length: 80 }, (_, index) => index % 2),
  images: Uint8Array.from({ length: 80 * 768 }, (_, index) => (index * 7919) % 251),
});
const model = createCnn({ inputShape: [16, 16, 3], numClasses: 2, seed: 3 });
const run = startRun({ notebook: 'example', parameters: {}, seed: 3 });
const recipe = {
  trainSet: pictures, epochs: 3, batchSize: 8, seed: 3, preprocess: { height: 16, width: 16, ...UNIT_SCALE },
};`,
  },
  { code: training, interruptAt: 'step ', until: 'Stopped in epoch' },
  { code: 'console.log(`the kernel counts: ${1 + 1}`);' },
  { code: training },
  {
    code: `const forgotten = trainModel(model, { ...recipe, epochs: 1000 });
forgotten.catch(() => undefined);`,
  },
  { code: 'await trainModel(model, recipe);', until: 'one training at a time' },
];

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
