// A training as it progresses, in the cell that started it: a bar, numbers and growing curves.
import type { ProgressEvent } from '../training/history';
import { anyValue, checkOptions, required, text } from '../options';
import type { CheckpointOptions } from '../training/config';
import type {
  EpochRecord,
  History,
  ResumeInfo,
  StepInfo,
  TrainingStart,
} from '../training/history';
import type { TrainingInterrupted } from '../training/exclusiveTraining';
import { createDisplay } from './display';
import { type EarlierStep, readEarlierSteps } from './earlierSteps';
import { type DatasetLabel, titleWithDataset } from './theme';
import { type CurvePoint, trainingSvg, trainingText, type TrainingView } from './trainingSvg';

export interface TrainingDisplayOptions {
  /** The model's name, e.g. `CNN`. */
  readonly model: string;
  readonly dataset: DatasetLabel;
  /** A run: what happens is then also written to its `progress.jsonl`, and the training keeps checkpoints there. */
  readonly run?: {
    progress(event: ProgressEvent): void;
    checkpoint?(model: string): CheckpointOptions;
    /** Its folder: a resumed training takes the curves before the interruption from the `progress.jsonl` there. */
    readonly directory?: string;
  };
  /** Milliseconds, for tests. */
  readonly now?: () => number;
}

export interface TrainingDisplay {
  /** To be spread into the options of `trainModel`. */
  readonly callbacks: {
    readonly onStart: (start: TrainingStart) => void;
    readonly onStep: (step: StepInfo) => void;
    readonly onEpoch: (record: EpochRecord) => void;
    readonly onResume: (resumed: ResumeInfo) => void;
    readonly onInterrupt: (interruption: TrainingInterrupted) => void;
    readonly checkpoint?: CheckpointOptions;
  };
  /** Shows the end: what the notebook keeps. Without it, what was last shown stays. */
  finish(history: History): void;
}

// A person sees no more, and a notebook's front end draws no more without stutter.
const UPDATE_INTERVAL_MS = 200;
// More points than that in the whole training the panels, 300 pixels wide, cannot show.
const MAX_STEP_POINTS = 240;

/**
 * Follows a training in one output of the running cell, from its start on, renewed at most five times a second; the last
 * state stays in the saved notebook. Outside a notebook it shows nothing: the terminal has the
 * launcher, which reads the run's `progress.jsonl`.
 *
 * @example
 *   const live = createTrainingDisplay({ model: 'CNN', dataset: trainSet, run });
 *   const history = await trainModel(cnn, { trainSet, …, ...live.callbacks });
 *   live.finish(history);
 */
export function createTrainingDisplay(options: TrainingDisplayOptions): TrainingDisplay {
  checkOptions('createTrainingDisplay', options, {
    model: required(text),
    dataset: required(anyValue),
    run: anyValue,
    now: anyValue,
  });
  return new LiveTraining(options);
}

class LiveTraining implements TrainingDisplay {
  private readonly display = createDisplay();
  private readonly now: () => number;
  private readonly title: string;
  readonly callbacks: TrainingDisplay['callbacks'];
  private plan: TrainingStart | undefined;
  private stepPoints: CurvePoint[] = [];
  private epochs: readonly EpochRecord[] = [];
  private step: StepInfo | undefined;
  /** Steps after which it was resumed, each time. */
  private resumedAfter: number[] = [];
  private shownAt = -Infinity;
  private announced = false;
  private notice = '';
  private isStopped = false;
  private late: NodeJS.Timeout | undefined;

  constructor(private readonly options: TrainingDisplayOptions) {
    this.now = options.now ?? (() => performance.now());
    this.title = titleWithDataset(options.model, options.dataset);
    const checkpoint = options.run?.checkpoint?.(options.model);
    this.callbacks = { ...this.followers, ...(checkpoint ? { checkpoint } : {}) };
  }

  private readonly followers: TrainingDisplay['callbacks'] = {
    onStart: (start) => {
      this.begin(start);
      this.show();
    },
    onStep: (step) => {
      this.announce(step);
      this.plan = step;
      this.step = step;
      this.options.run?.progress({ event: 'step', model: this.options.model, ...step });
      this.keepPoint(step);
      this.showSoon();
    },
    onEpoch: (record) => {
      this.epochs = [...this.epochs, record];
      this.options.run?.progress({ event: 'epoch', model: this.options.model, ...record });
      if (record.epoch === this.step?.epochs) this.show();
      else this.showSoon();
    },
    onResume: ({ epochs, step, runtimeDifference }) => {
      this.epochs = epochs;
      this.recall(step);
      this.resumedAfter.push(step);
      this.tell(
        `Resumed after step ${step.toLocaleString('en')}` +
          (runtimeDifference === undefined
            ? '.'
            : `, but ${runtimeDifference}: the curve continues, not to the last bit.`),
      );
      // Draw now: the graph that is compiled next blocks everything for seconds.
      if (this.plan) this.show();
    },
    onInterrupt: ({ epoch, step, checkpointDirectory }) => {
      this.isStopped = true;
      this.tell(
        `Stopped in epoch ${epoch} after step ${step.toLocaleString('en')}`,
        checkpointDirectory === undefined
          ? '; no checkpoint was kept.'
          : '; run this cell again to continue.',
      );
      // Draw now: an interrupted cell may produce no later output.
      this.show();
    },
  };

  finish(history: History): void {
    // An ended training that came back from its checkpoint neither started nor made a step.
    if (!this.plan) this.recall(Infinity);
    this.epochs = history.epochs;
    this.show(history);
  }

  /** Forgets a training that this display showed before, such as one that was stopped. */
  private begin(start: TrainingStart): void {
    this.plan = start;
    this.step = undefined;
    this.epochs = [];
    this.stepPoints = [];
    this.resumedAfter = [];
    this.notice = '';
    this.isStopped = false;
    this.announced = false;
  }

  private announce({ epochs, stepsPerEpoch }: StepInfo): void {
    if (this.announced) return;
    this.announced = true;
    const { run, model } = this.options;
    const resumedAfter = this.resumedAfter.at(-1);
    run?.progress({
      event: 'training',
      model,
      epochs,
      stepsPerEpoch,
      ...(resumedAfter === undefined ? {} : { resumedAfter }),
    });
  }

  /** Shows a notice below the curves and writes it to the run's progress file. */
  /** `advice` is for a person at the cell; one at the terminal gets it from the launcher. */
  private tell(notice: string, advice = ''): void {
    this.notice = notice + advice;
    const { run, model } = this.options;
    run?.progress({ event: 'note', text: `${model}: ${notice}` });
  }

  /** Takes what the run's progress file holds of the first `stepsDone` steps. */
  private recall(stepsDone: number): void {
    const { run, model } = this.options;
    if (run?.directory === undefined) return;
    const { steps, resumedAfter } = readEarlierSteps(run.directory, { model, stepsDone });
    this.plan ??= steps.at(-1);
    for (const step of steps) this.keepPoint(step);
    this.resumedAfter.push(...resumedAfter);
  }

  /** Keeps a step's running means, unless the point before is too near for the panels to tell the two apart. */
  private keepPoint({ epoch, epochs, stepInEpoch, stepsPerEpoch, train }: EarlierStep): void {
    const place = epoch - 1 + stepInEpoch / stepsPerEpoch;
    const last = this.stepPoints.at(-1)?.epoch ?? -Infinity;
    if (place - last >= epochs / MAX_STEP_POINTS) this.stepPoints.push({ epoch: place, train });
  }

  /** Now, or when the interval is over: the newest state is never lost. */
  private showSoon(): void {
    const wait = this.shownAt + UPDATE_INTERVAL_MS - this.now();
    if (wait <= 0) this.show();
    else this.late ??= setTimeout(() => this.show(), wait).unref();
  }

  private show(history?: History): void {
    clearTimeout(this.late);
    this.late = undefined;
    this.shownAt = this.now();
    const { title, plan, step, epochs, stepPoints, resumedAfter, notice, isStopped } = this;
    const view: TrainingView = {
      title,
      plan,
      step,
      epochs,
      stepPoints,
      resumedAfter,
      notice,
      isStopped,
      history,
    };
    this.display.show({ 'image/svg+xml': trainingSvg(view), 'text/plain': trainingText(view) });
  }
}
