import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelRecord, RunRecord } from '../../lib/runs/runRecord';

/** What a test wants to be different from the sample. */
export interface SampleRun {
  readonly id?: string;
  readonly seed?: number;
  readonly parameters?: RunRecord['parameters'];
  readonly models?: readonly ModelRecord[];
  readonly commit?: string;
  readonly source?: 'official' | 'generated';
}

export const sampleVersions: RunRecord['versions'] = {
  node: '20.0.0',
  tensorflow: '2.21.0',
  tfjs: '4.22.0',
  onnxruntime: null,
  tslab: null,
};

/** A run's record, written by hand. */
export function sampleRecord(run: SampleRun = {}): RunRecord {
  const { id = '20260131-120000-using-cifar-quick', seed = 1, commit = 'a'.repeat(40) } = run;
  return {
    schemaVersion: 2,
    id,
    notebook: 'using-cifar',
    preset: 'quick',
    parameters: { epochs: 2, seed, ...run.parameters },
    seed,
    startedAt: '2026-01-31T12:00:00.000Z',
    finishedAt: '2026-01-31T12:03:00.000Z',
    dataset: {
      name: run.source === 'generated' ? 'generated sample' : 'CIFAR-10',
      source: run.source ?? 'official',
      classNames: ['cat', 'dog'],
      counts: { train: 90, val: 10, test: 50 },
      sha256: null,
      corrections: null,
    },
    weights: null,
    models: run.models ?? [sampleModel()],
    versions: sampleVersions,
    device: 'cpu',
    threads: 2,
    git: { commit, dirty: false },
    machine: { platform: 'linux x64', cpu: 'a processor', cores: 2, memoryBytes: 8e9 },
  };
}

export function sampleModel(
  model: { name?: string; testAccuracy?: number | null; seconds?: number; loss?: number } = {},
): ModelRecord {
  const { name = 'CNN', testAccuracy = 0.5, seconds = 10, loss = 1 } = model;
  const speed = { learningRate: 0.001, seconds: seconds / 2, imagesPerSecond: 18 };
  return {
    name,
    parameterCount: 100,
    train: { loss: loss / 2, accuracy: 0.4 },
    val: { loss: loss / 2, accuracy: 0.45 },
    test: testAccuracy === null ? null : { loss, accuracy: testAccuracy },
    singleViewAccuracy: null,
    int8: null,
    calibration: null,
    seconds,
    imagesPerSecond: 18,
    sizeBytes: 400,
    history: [loss, loss / 2].map((value, index) => ({
      epoch: index + 1,
      train: { loss: value, accuracy: 0.4 },
      val: { loss: value, accuracy: 0.45 },
      ...speed,
    })),
    origin: null,
  };
}

/** Writes a run's folder; `text` instead of the record writes a broken one. */
export function writeRun(parent: string, name: string, content: RunRecord | string): string {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(directory, 'run.json'), text);
  return directory;
}
