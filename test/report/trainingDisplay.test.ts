import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { ProgressEvent, StepInfo } from '../../lib/training/history';
import { createTrainingDisplay } from '../../lib/report/trainingDisplay';
import { duration, niceTicks, trainingSvg } from '../../lib/report/trainingSvg';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';
import { temporaryFolder } from '../temporaryFolder';
import { formOf, inNotebook, type Shown } from './fakeNotebook';
import { cifar10, generated, sampleHistory } from './sampleFigures';

const history = sampleHistory({ epochs: 3 });

function stepInfo(step: number, epochs = 3): StepInfo {
  const [epoch, stepInEpoch] = [Math.ceil(step / 100), ((step - 1) % 100) + 1];
  const fixed = { epochs, stepsPerEpoch: 100, imagesPerSecond: 1510.4 };
  return { ...fixed, epoch, step, stepInEpoch, train: { loss: 1, accuracy: 0.5 }, secondsLeft: 65 };
}

/** Trains 300 steps of 20 ms by a clock that only this test moves. */
function train(options: { run?: { progress(event: ProgressEvent): void } } = {}): Promise<Shown[]> {
  let clock = 0;
  return inNotebook(() => {
    const now = () => clock;
    const live = createTrainingDisplay({ model: 'CNN', dataset: cifar10, now, ...options });
    for (let step = 1; step <= 300; step++, clock += 20) {
      live.callbacks.onStep(stepInfo(step));
      if (step % 100 === 0) live.callbacks.onEpoch(history.epochs[step / 100 - 1]);
    }
    live.finish(history);
  });
}

const texts = (shown: readonly Shown[]) => shown.map((one) => formOf(one, 'text/plain'));

test('one output is renewed at most five times a second', async () => {
  const shown = await train();
  assert.equal(new Set(shown.map(({ id }) => id)).size, 1);
  assert.deepEqual(
    shown.map(({ update }) => update),
    shown.map((_, index) => index > 0),
  );
  // Six seconds at five updates, the last epoch's end and the end of the training.
  assert.ok(shown.length >= 30 && shown.length <= 33, `${shown.length} updates`);
});

test('it tells model, data, place, loss, accuracy, speed and time left', async () => {
  const [first] = texts(await train());
  assert.equal(
    first,
    'CNN – CIFAR-10 · epoch 1 of 3 · step 1 of 100 · loss 1.000 · accuracy 0.500 · ' +
      '1,510 images/s · 1 min 5 s left',
  );
});

test('the last state is the end, with the numbers of the last epoch', async () => {
  const shown = await train();
  assert.equal(
    texts(shown).at(-1),
    'CNN – CIFAR-10 · done: 3 epochs · loss 0.222 · accuracy 0.778 · ' +
      'validation accuracy 0.741 · 1,500 images/s · 10 s',
  );
  const svg = formOf(shown.at(-1), 'image/svg+xml');
  assert.match(svg, /^<svg .*<\/svg>$/);
  assert.equal(svg.match(/<circle/g)?.length, 12, 'three epochs, two splits, two panels');
});

test('the end of the last epoch is shown even if nobody says that the training is over', async () => {
  const shown = await inNotebook(() => {
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: cifar10, now: () => 0 });
    callbacks.onStep(stepInfo(300));
    callbacks.onEpoch(history.epochs[2]);
  });
  assert.match(texts(shown)[1], /validation accuracy 0\.741/);
});

test('what came too soon after an update is shown when its time has come', async () => {
  const shown = await inNotebook(async () => {
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: cifar10 });
    callbacks.onStep(stepInfo(1));
    callbacks.onStep(stepInfo(2));
    await sleep(400);
  });
  assert.deepEqual(
    texts(shown).map((text) => /step (\d)/.exec(text)?.[1]),
    ['1', '2'],
  );
});

test('the frame is there before the first step, and not for a training that never starts', async () => {
  const shown = await inNotebook(() => {
    createTrainingDisplay({ model: 'MLP', dataset: cifar10 });
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: cifar10 });
    callbacks.onStart({ epochs: 3, stepsPerEpoch: 100 });
  });
  assert.deepEqual(texts(shown), ['CNN – CIFAR-10 · preparing: the first step is being compiled']);
  const svg = formOf(shown[0], 'image/svg+xml');
  for (const words of ['loss (nats)', 'accuracy (fraction)', 'training, epoch so far', '>3<']) {
    assert.ok(svg.includes(words), words);
  }
  assert.doesNotMatch(svg, /<circle/);
});

/** What must not move: the picture's size, and every text below the line of numbers, with its place. */
function steadyParts(svg: string): string[] {
  const texts = [...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)"[^>]*>[^<]*<\/text>/g)];
  const below = texts.filter(([, y]) => Number(y) > 80).map(([text]) => text);
  return [/viewBox="[^"]*"/.exec(svg)![0], ...below];
}

test('size, axes and legend stay where they are from the first step to the end', async () => {
  const shown = await train();
  const [first, ...others] = shown.map((one) => steadyParts(formOf(one, 'image/svg+xml')));
  for (const parts of others) assert.deepEqual(parts, first);
});

test('a notice moves nothing, and a line of the legend has the look of its curve', () => {
  const view = { title: 'CNN', plan: stepInfo(1), step: stepInfo(50), epochs: [] };
  const stepPoints = [1, 50].map((step) => ({ epoch: step / 100, train: stepInfo(step).train }));
  const svg = trainingSvg({ ...view, stepPoints });
  const notice = 'Resumed after step 5.';
  const others = steadyParts(trainingSvg({ ...view, stepPoints, notice }));
  assert.deepEqual(
    others.filter((part) => !part.includes(notice)),
    steadyParts(svg),
  );
  // In the legend, and in each of the two panels.
  assert.equal(svg.match(/stroke="#E69F00" stroke-width="1.5" opacity="0.55"/g)?.length, 3);
});

/** The places on the loss panel's time axis where lines with this look begin and end; 1 is the end of the first epoch. */
function linesAt(svg: string, look: RegExp): number[][] {
  const [panel] = svg.split('accuracy (fraction)'); // which begins the other panel
  return [...panel.matchAll(/<path d="([^"]*)"([^>]*)\/>/g)]
    .filter(([, , style]) => look.test(style))
    .flatMap(([, path]) => path.slice(1).split('M'))
    .map((line) => line.split('L').map((point) => ((parseFloat(point) - 52) / 316) * 3))
    .map((places) => [...new Set([places[0], places[places.length - 1]])])
    .map((places) => places.map((place) => Math.round(100 * place) / 100));
}

const RUNNING = /stroke-width="1.5"/;
const RESUMED = /stroke-dasharray="6 3"/;

test('a resumed training has the curves from before, and a mark that stays', async (t) => {
  const directory = temporaryFolder(t);
  const events: object[] = [
    { event: 'training', model: 'CNN', epochs: 3, stepsPerEpoch: 100 },
    ...[10, 40, 60].map((step) => ({ event: 'step', model: 'CNN', ...stepInfo(step) })),
    { event: 'step', model: 'MLP', ...stepInfo(250) },
    // Killed, and resumed from a checkpoint in between: steps 41 to 60 were repeated.
    { event: 'training', model: 'CNN', epochs: 3, stepsPerEpoch: 100, resumedAfter: 40 },
    ...[50, 90, 110, 150, 190].map((step) => ({ event: 'step', model: 'CNN', ...stepInfo(step) })),
  ];
  const lines = events.map((event) => JSON.stringify(event));
  writeFileSync(join(directory, 'progress.jsonl'), `${lines.join('\n')}\n{"event":"st`);
  const run = { directory, progress: () => undefined };
  const shown = await inNotebook(() => {
    const live = createTrainingDisplay({ model: 'CNN', dataset: cifar10, run, now: () => 0 });
    live.callbacks.onStart({ epochs: 3, stepsPerEpoch: 100 });
    const epochs = history.epochs.slice(0, 1);
    live.callbacks.onResume({ epoch: 2, step: 160, epochs });
    for (let step = 161; step <= 300; step++) live.callbacks.onStep(stepInfo(step));
    live.finish(history);
  });
  const [resumed, finished] = [shown[1], shown.at(-1)].map((one) => formOf(one, 'image/svg+xml'));
  assert.deepEqual(linesAt(resumed, RUNNING), [
    [0.1, 0.9],
    [1.1, 1.5],
  ]);
  // Every second step of a hundredth of an epoch: at most 240 points in three epochs.
  assert.deepEqual(linesAt(finished, RUNNING), [
    [0.1, 0.9],
    [1.1, 1.99],
    [2.01, 2.99],
  ]);
  for (const svg of [resumed, finished]) {
    assert.deepEqual(linesAt(svg, RESUMED), [[0.4], [1.6]]);
    assert.match(svg, />resumed</);
    assert.match(svg, />Resumed after step 160\.</);
  }
});

test('without a progress file the line begins where the training resumed, behind a gap', async () => {
  const shown = await inNotebook(() => {
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: cifar10, now: () => 0 });
    callbacks.onStart({ epochs: 3, stepsPerEpoch: 100 });
    callbacks.onResume({ epoch: 1, step: 50, epochs: [] });
    for (let step = 51; step <= 100; step++) callbacks.onStep(stepInfo(step));
    callbacks.onInterrupt(new TrainingInterrupted({ epoch: 1, epochs: 3, step: 100 }));
  });
  const svg = formOf(shown.at(-1), 'image/svg+xml');
  assert.deepEqual(linesAt(svg, RESUMED), [[0.5]]);
  assert.deepEqual(linesAt(svg, RUNNING), [[0.51, 0.99]]);
});

test('a display that follows a second training forgets the first', async () => {
  const shown = await inNotebook(() => {
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: cifar10, now: () => 0 });
    callbacks.onStart({ epochs: 3, stepsPerEpoch: 100 });
    callbacks.onStep(stepInfo(50));
    callbacks.onInterrupt(new TrainingInterrupted({ epoch: 1, epochs: 3, step: 50 }));
    callbacks.onStart({ epochs: 3, stepsPerEpoch: 100 });
  });
  assert.equal(texts(shown).at(-1), texts(shown)[0]);
});

test('a resumed training shows the epochs that were done before', async () => {
  const shown = await inNotebook(() => {
    const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: generated });
    callbacks.onResume({ epoch: 3, step: 200, epochs: history.epochs.slice(0, 2) });
    callbacks.onStep(stepInfo(201));
  });
  assert.equal(formOf(shown[0], 'image/svg+xml').match(/<circle/g)?.length, 8);
  assert.match(texts(shown)[0], /^CNN – generated sample · epoch 3 of 3/);
});

test('a resumed training says after which step, and what is different about TensorFlow', async () => {
  const resume = (runtimeDifference?: string) =>
    inNotebook(() => {
      const { callbacks } = createTrainingDisplay({ model: 'CNN', dataset: generated });
      const epochs = history.epochs.slice(0, 2);
      callbacks.onResume({ epoch: 3, step: 1200, epochs, runtimeDifference });
      callbacks.onStep(stepInfo(1201));
    });
  const [plain] = await resume();
  assert.match(formOf(plain, 'text/plain'), / · Resumed after step 1,200\.$/);
  const [different] = await resume('threads was 2 and is 4 now');
  const words =
    'Resumed after step 1,200, but threads was 2 and is 4 now: the curve continues, not to the last bit.';
  assert.ok(formOf(different, 'text/plain').endsWith(words));
  assert.ok(formOf(different, 'image/svg+xml').includes(`>${words}</text>`));
});

test('an interrupted training says where it stopped and how it goes on, without time left', async () => {
  const events: ProgressEvent[] = [];
  const stop = (checkpointDirectory?: string) =>
    inNotebook(() => {
      const run = { progress: (event: ProgressEvent) => void events.push(event) };
      const { callbacks } = createTrainingDisplay({
        model: 'CNN',
        dataset: cifar10,
        run,
        now: () => 0,
      });
      callbacks.onStep(stepInfo(149));
      callbacks.onStep(stepInfo(150));
      const place = { epoch: 2, epochs: 3, step: 150, checkpointDirectory };
      callbacks.onInterrupt(new TrainingInterrupted(place));
    });
  const last = (await stop('/run/checkpoints/CNN')).at(-1);
  assert.equal(
    formOf(last, 'text/plain'),
    'CNN – CIFAR-10 · epoch 2 of 3 · step 50 of 100 · loss 1.000 · accuracy 0.500 · ' +
      '1,510 images/s · Stopped in epoch 2 after step 150; run this cell again to continue.',
  );
  assert.match(formOf(last, 'image/svg+xml'), /run this cell again to continue\.<\/text><\/svg>$/);
  assert.deepEqual(events.at(-1), {
    event: 'note',
    text: 'CNN: Stopped in epoch 2 after step 150',
  });
  assert.match(formOf((await stop()).at(-1), 'text/plain'), /no checkpoint was kept\.$/);
});

test('a run hears of the training, of every step and of every epoch', async () => {
  const events: ProgressEvent[] = [];
  await train({ run: { progress: (event) => void events.push(event) } });
  assert.deepEqual(events[0], { event: 'training', model: 'CNN', epochs: 3, stepsPerEpoch: 100 });
  assert.equal(events.filter(({ event }) => event === 'step').length, 300);
  assert.deepEqual(events.at(-1), { event: 'epoch', model: 'CNN', ...history.epochs[2] });
});

test('a long training stays a small picture', async () => {
  const shown = await inNotebook(() => {
    const live = createTrainingDisplay({ model: 'CNN', dataset: cifar10, now: () => 0 });
    for (let step = 1; step <= 20_000; step++) live.callbacks.onStep(stepInfo(step, 200));
    live.finish(sampleHistory({ epochs: 200 }));
  });
  const bytes = formOf(shown.at(-1), 'image/svg+xml').length;
  assert.ok(bytes < 40_000, `${bytes} bytes`);
});

test('names that look like markup stay text, and a diverged loss does not break the picture', () => {
  const svg = trainingSvg({
    title: '<script>',
    step: { ...stepInfo(1), train: { loss: NaN, accuracy: 0.5 } },
    epochs: [
      {
        ...history.epochs[0],
        train: { loss: NaN, accuracy: 0 },
        val: { loss: Infinity, accuracy: 0 },
      },
    ],
    stepPoints: [{ epoch: 0.5, train: { loss: NaN, accuracy: 0.1 } }],
  });
  assert.doesNotMatch(svg, /<script/);
  assert.doesNotMatch(svg, / (d|x|y|cx|cy|width)="[^"]*(NaN|Infinity)/);
  assert.match(svg, /&lt;script&gt;/);
});

test('ticks are round, enclose the values and never fall below zero', () => {
  assert.deepEqual(niceTicks([0.13, 0.81]), [0, 0.5, 1]);
  assert.deepEqual(niceTicks([0.62, 0.74]), [0.6, 0.65, 0.7, 0.75]);
  assert.deepEqual(niceTicks([1.04, 2.3]), [1, 1.5, 2, 2.5]);
  const [low, high] = niceTicks([0, 0]);
  assert.ok(low === 0 && high > 0, 'a single value still makes an axis');
  assert.deepEqual(niceTicks([]), [0, 0.5, 1]);
});

test('durations are told in the two units that matter', () => {
  assert.deepEqual([0.4, 59.6, 125, 7800, -1].map(duration), [
    '0 s',
    '1 min 0 s',
    '2 min 5 s',
    '2 h 10 min',
    '0 s',
  ]);
});
