// A model that a run has trained, as one value that figures, tables and tests take.
import type { Evaluation } from '../evaluation/evaluate';
import type { Int8Accuracy } from '../evaluation/exportInt8';
import type { Latency } from '../evaluation/latency';
import type { Interval } from '../evaluation/metrics';
import type { MetricValues } from '../evaluation/runningMetrics';
import type { Classifier } from '../models/classifier';
import type { tf } from '../tensorflow/backend';
import type { History } from '../training/history';
import { describeTrainedModel } from './modelRecord';
import type { Calibration, ModelOrigin, ModelRecord } from './runRecord';

/** What `run.train` and its like return. Its model is the run's: a new fit of the same name disposes it. */
export class TrainedModel {
  readonly name: string;
  readonly history: History;
  /** The folder it is saved in. */
  readonly directory: string;
  /** How many of its parameters were trained. */
  readonly trainedParameterCount: number;
  /** The longer side, in pixels, to which larger pictures were scaled down before the training, as they are before the test. */
  readonly maxSize: number | undefined;
  private readonly parts: { classifier: Classifier; evaluation?: Evaluation; latency?: Latency };
  private madeRecord: ModelRecord;

  constructor(fields: {
    readonly name: string;
    readonly classifier: Classifier;
    readonly history: History;
    readonly directory: string;
    readonly trainedParameterCount: number;
    readonly maxSize?: number;
    readonly origin: ModelOrigin;
  }) {
    this.name = fields.name;
    this.parts = { classifier: fields.classifier };
    this.history = fields.history;
    this.directory = fields.directory;
    this.trainedParameterCount = fields.trainedParameterCount;
    this.maxSize = fields.maxSize;
    this.madeRecord = describeTrainedModel({ ...fields, model: this.model });
  }

  get classifier(): Classifier {
    return this.parts.classifier;
  }

  get model(): tf.LayersModel {
    return this.classifier.model;
  }

  get classNames(): readonly string[] {
    return this.classifier.classNames;
  }

  /** What the run's record says about it. */
  get record(): ModelRecord {
    return this.madeRecord;
  }

  get parameterCount(): number {
    return this.madeRecord.parameterCount;
  }

  /** Of the kept epoch; null where nothing was measured. */
  get train(): MetricValues | null {
    return this.madeRecord.train;
  }

  get val(): MetricValues | null {
    return this.madeRecord.val;
  }

  get test(): MetricValues | null {
    return this.madeRecord.test;
  }

  /** The 95 % interval of the test accuracy; absent before the test. */
  get interval(): Interval | undefined {
    return this.parts.evaluation?.interval;
  }

  /** The test accuracy without test-time views; null where the model takes one view, or has not been tested. */
  get singleViewAccuracy(): number | null {
    return this.madeRecord.singleViewAccuracy;
  }

  get seconds(): number {
    return this.history.seconds;
  }

  get imagesPerSecond(): number {
    return this.madeRecord.imagesPerSecond;
  }

  get sizeBytes(): number {
    return this.madeRecord.sizeBytes;
  }

  /** For one picture; absent before `run.measureLatency`. */
  get latency(): Latency | undefined {
    return this.parts.latency;
  }

  /** @throws Error before `run.test`. */
  get evaluation(): Evaluation {
    if (this.parts.evaluation) return this.parts.evaluation;
    throw new Error(
      `Expected a tested model but "${this.name}" has not met the test set: run the cell with run.test first.`,
    );
  }

  /** @internal */
  setEvaluation(
    evaluation: Evaluation,
    { testReads, singleViewAccuracy }: { testReads: number; singleViewAccuracy: number | null },
  ): void {
    this.parts.evaluation = evaluation;
    const origin = this.madeRecord.origin && { ...this.madeRecord.origin, testReads };
    this.madeRecord = { ...this.madeRecord, test: evaluation.metrics, origin, singleViewAccuracy };
  }

  /** @internal @throws Error where the model has met the test set. */
  checkUntested(): void {
    if (!this.parts.evaluation) return;
    throw new Error(
      `Expected a model that has not met the test set but "${this.name}" has: run the cell with run.calibrate before ` +
        'that with run.test, which tests what the classifier then predicts.',
    );
  }

  /** @internal */
  setCalibration(calibration: Calibration): void {
    this.checkUntested();
    this.parts.classifier = { ...this.classifier, temperature: calibration.temperature };
    this.madeRecord = { ...this.madeRecord, calibration };
  }

  /** @internal */
  setInt8(int8: Int8Accuracy): void {
    this.madeRecord = { ...this.madeRecord, int8 };
  }

  /** @internal */
  setLatency(latency: Latency): void {
    this.parts.latency = latency;
  }
}
