import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownProgram, peerProgram, startContestant, type ContestantProcess } from '../contestant';
import { watchForeignLoad } from '../foreignLoad';
import { KERAS, type Training, type TrainingResult, type RaceData } from './trainings';
import { TRAINING_LABELS } from './report';

export interface RaceSettings {
  /** Other epochs than each training's own, for a try. */
  readonly epochs?: number;
  /** Training and test pictures at most, for a try. */
  readonly pictures?: number;
  readonly onProgress: (text: string) => void;
  readonly onResult: (result: TrainingResult, data: RaceData) => Promise<void>;
  readonly commit: string;
}

/** What our process and Keras' answer after a training. */
type Reply = Pick<
  TrainingResult,
  'seconds' | 'testAccuracy' | 'singleViewAccuracy' | 'epochs' | 'parameters' | 'precision'
>;

/**
 * Runs trainings one after another, each in a process of its own, on the same bytes of CIFAR-10.
 *
 * @throws Error where there is no CIFAR-10, or a training fails.
 */
export async function runTrainings(
  trainings: readonly Training[],
  settings: RaceSettings,
): Promise<{ readonly data: RaceData; readonly results: readonly TrainingResult[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-accuracy-'));
  let running: ContestantProcess | undefined;
  const start = (program: readonly string[], onNews?: (news: string) => void) =>
    (running = startContestant(program, onNews));
  const cleanUp = () => {
    running?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp); // Ctrl-C
  try {
    settings.onProgress('reading CIFAR-10');
    const writer = start(ownProgram('recipes'));
    const { pictures } = settings;
    const data = await writer.ask<RaceData>({ do: 'write', folder, pictures });
    writer.stop();
    const results: TrainingResult[] = [];
    for (const [index, training] of trainings.entries()) {
      const label = `${index + 1} of ${trainings.length}, ${TRAINING_LABELS[training.name]}, seed ${training.seed}`;
      settings.onProgress(label);
      const program =
        training.name === 'keras' ? peerProgram('keras_accuracy') : ownProgram('recipes');
      const contestant = start(program, (news) => settings.onProgress(`${label}, ${news}`));
      const epochs = settings.epochs ?? training.epochs;
      const result = await timeTraining(contestant, { ...training, ...settings, epochs, folder });
      contestant.stop();
      results.push(result);
      await settings.onResult(result, data);
    }
    return { data, results };
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
}

async function timeTraining(
  contestant: ContestantProcess,
  { name, seed, folder, ...settings }: Training & RaceSettings & { readonly folder: string },
): Promise<TrainingResult> {
  const isKeras = name === 'keras';
  const foreignLoad = watchForeignLoad([contestant.pid]);
  const reply = await contestant.ask<Reply>({
    do: 'train',
    folder,
    seed,
    ...(isKeras ? KERAS : { recipe: name }),
    ...(settings.epochs === undefined ? {} : { epochs: settings.epochs }),
  });
  const load = foreignLoad();
  const { peakBytes } = await contestant.ask<{ peakBytes: number }>({ do: 'memory' });
  return {
    name,
    seed,
    ...reply,
    peakMegabytes: peakBytes / 1e6,
    foreignLoad: Number.isNaN(load) ? null : load,
    measuredAt: new Date().toISOString().slice(0, 16) + 'Z',
    commit: settings.commit,
  };
}
