// Progress reports to the notebook and its launcher during a run: the line below a cell, notes, and progress.jsonl.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { LoadDatasetOptions, LoadProgress } from '../data/loadDataset';
import { createDisplay } from '../report/display';
import type { ExtractOptions, ExtractProgress } from '../training/features';
import type { ProgressEvent } from '../training/history';
import type {
  LearningRateFinderOptions,
  LearningRateProgress,
} from '../training/learningRateFinder';

/** The part of a run that receives progress events. */
interface Watched {
  progress(event: ProgressEvent): void;
}

/** Says how far a cell's work is. */
export interface ProgressReporter {
  /** One line below the cell, which moves, and a note for the launcher. A text that was just said is not said again. */
  readonly show: (text: string) => void;
  /** A lasting line below the cell, and a note for the launcher. */
  readonly onNotice: (notice: string) => void;
}

export function createProgressReporter(run: Watched): ProgressReporter {
  const display = createDisplay();
  let lastText = '';
  return {
    show(text) {
      if (text === lastText) return;
      lastText = text;
      display.show({ 'text/plain': text });
      run.progress({ event: 'note', text });
    },
    onNotice(notice) {
      console.log(notice);
      run.progress({ event: 'note', text: notice });
    },
  };
}

/** A watcher hears of every tenth; of an unknown total, every 20 MB or 1000 pictures. */
const TENTHS = 10;
const UNKNOWN_STEP = { bytes: 20e6, pictures: 1000 } as const;

/**
 * Callbacks for `loadDataset`: one line below the cell that moves, and notes for the launcher.
 *
 * @example const dataset = await loadDataset({ seed, ...trackLoading(run) });
 */
export function trackLoading(
  run: Watched,
): Required<Pick<LoadDatasetOptions, 'onProgress' | 'onNotice'>> {
  const { show, onNotice } = createProgressReporter(run);
  return { onNotice, onProgress: (progress) => show(describeLoading(progress)) };
}

/** `downloading CIFAR-10: 40 % of 170 MB`, in steps coarse enough to be said one by one. */
export function describeLoading({ activity, done, total, unit }: LoadProgress): string {
  if (total === null) {
    const step = UNKNOWN_STEP[unit];
    return `${activity}: ${amount(Math.floor(done / step) * step, unit)}`;
  }
  const tenths = total === 0 ? TENTHS : Math.floor((TENTHS * done) / total);
  return `${activity}: ${(100 / TENTHS) * tenths} % of ${amount(total, unit)}`;
}

function amount(count: number, unit: LoadProgress['unit']): string {
  return unit === 'bytes' ? `${Math.round(count / 1e6)} MB` : `${count} pictures`;
}

/**
 * Callbacks for `extractFeatures`: one line below the cell that moves, and notes for the launcher, at every tenth.
 *
 * @example const features = await extractFeatures(backbone, trainSet, trackExtraction(run));
 */
export function trackExtraction(
  run: Watched,
): Required<Pick<ExtractOptions, 'onProgress' | 'onNotice'>> {
  const { show, onNotice } = createProgressReporter(run);
  return { onNotice, onProgress: (progress) => show(describeExtraction(progress)) };
}

/** `features: 40 % of 9,000 pictures, 2,500 from the cache`. */
function describeExtraction({ done, total, cached }: ExtractProgress): string {
  const percent = 10 * Math.floor((10 * done) / total);
  const fromCache = cached > 0 ? `, ${cached.toLocaleString('en')} from the cache` : '';
  return `features: ${percent} % of ${total.toLocaleString('en')} pictures${fromCache}`;
}

/**
 * Callbacks for `findLearningRate`: one line below the cell that moves, and notes for the launcher, at every tenth.
 *
 * @example const rates = await findLearningRate(model, { trainSet, …, ...trackLearningRates(run) });
 */
export function trackLearningRates(
  run: Watched,
): Required<Pick<LearningRateFinderOptions, 'onProgress'>> {
  const { show } = createProgressReporter(run);
  return { onProgress: (progress) => show(describeLearningRates(progress)) };
}

/** `learning rates: 40 % of 100 steps`. */
export function describeLearningRates({ done, total, ended }: LearningRateProgress): string {
  if (ended && done < total) {
    return `learning rates: done, the loss ran away at step ${done} of ${total}`;
  }
  return `learning rates: ${10 * Math.floor((10 * done) / total)} % of ${total} steps`;
}

/** At most five steps a second: a watcher sees no more, and a step takes a few milliseconds. */
const STEP_INTERVAL_MS = 200;

/**
 * A function that appends events to `file`, each with its time. Steps that follow another too quickly
 * are left out; each carries the best validation accuracy so far, so that the end of the file says it.
 */
export function createProgressLog(
  file: string,
  now: () => Date = () => new Date(),
): (event: ProgressEvent) => void {
  let lastStepAt = -Infinity;
  let best = bestAccuracy(file);
  return (event) => {
    const time = now();
    if (event.event === 'epoch') best = Math.max(best, event.val?.accuracy ?? 0);
    if (event.event === 'step') {
      if (time.getTime() - lastStepAt < STEP_INTERVAL_MS) return;
      lastStepAt = time.getTime();
    }
    try {
      const line = { time: time.toISOString(), ...event };
      const isStep = event.event === 'step' && best > 0;
      appendFileSync(file, `${JSON.stringify(isStep ? { ...line, best } : line)}\n`);
    } catch {
      // A full disk or a folder moved away must not end hours of training: saving the result will say it.
    }
  };
}

/** Of the epochs of a run that is resumed; 0 where there are none. */
function bestAccuracy(file: string): number {
  if (!existsSync(file)) return 0;
  const epochs = readFileSync(file, 'utf8').matchAll(
    /"event":"epoch".*"val":\{[^}]*"accuracy":([\d.]+)/g,
  );
  return Math.max(0, ...Array.from(epochs, ([, accuracy]) => Number(accuracy)));
}
