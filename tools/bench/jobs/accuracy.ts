import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runTrainings } from '../accuracy/race';
import { accuracyMarkdown, TRAINING_LABELS, type AccuracyReport } from '../accuracy/report';
import { planTrainings, replaceTrainings, type TrainingResult } from '../accuracy/trainings';
import { writeFileAtomic } from '../../../lib/atomicFile';
import type { ReportJob } from './job';

const FOLDER = join(__dirname, '..');
/** Figures from a busier machine are shown but do not replace earlier ones. */
const TOO_BUSY = 0.15;

/** Whether the original's ten epochs in Keras are matched in a tenth of their time, and what fits into all of it. */
export const accuracy: ReportJob = {
  name: 'accuracy',
  title:
    "Test accuracy against time: Keras with the original's ten epochs, and this project's recipes",
  async run({ machine, stamp, say, clear, ...options }) {
    const { epochs, pictures, quick } = options;
    const short = quick ? { epochs: 1, pictures: 2000 } : {};
    const trainings = planTrainings(options);
    const isShortened = quick || epochs !== undefined || pictures !== undefined;
    const { data, results } = await runTrainings(trainings, {
      epochs: epochs ?? short.epochs,
      pictures: pictures ?? short.pictures,
      commit: stamp.commit,
      onProgress: say,
      onResult: async (result, raceData) => {
        clear();
        console.log(resultLine(result));
        // At once: a series takes hours, and may be stopped.
        if (!isShortened) await save({ machine, data: raceData, results: [result] });
      },
    });
    clear();
    console.log(`\n${accuracyMarkdown({ machine, data, results })}`);
    if (isShortened)
      console.log('A look at a shortened race: tools/bench/accuracy.md stays as it was.');
  },
};

function resultLine({ name, seed, testAccuracy, seconds }: TrainingResult): string {
  return `${TRAINING_LABELS[name]}, seed ${seed}: test accuracy ${testAccuracy.toFixed(4)} after ${seconds.toFixed(1)} s`;
}

/** Trainings of other names and seeds stay, where they were measured on this machine and these data. */
async function save({ machine, data, results }: AccuracyReport): Promise<void> {
  const path = join(FOLDER, 'accuracy.json');
  const isBusy = ({ foreignLoad }: TrainingResult): boolean => (foreignLoad ?? 0) > TOO_BUSY;
  const quiet = results.filter((result) => !isBusy(result));
  for (const { name, seed } of results.filter(isBusy)) {
    console.log(
      `${TRAINING_LABELS[name]}, seed ${seed}: other programs took too much of the machine, so it is not saved. ` +
        `Again: npm run bench -- --job accuracy --only ${name}`,
    );
  }
  if (quiet.length === 0) return;
  const earlier = readReport(path);
  const isSame =
    earlier?.machine.processor === machine.processor &&
    JSON.stringify(earlier.data) === JSON.stringify(data);
  const all = replaceTrainings(isSame ? earlier.results : [], quiet);
  const report: AccuracyReport = { machine, data, results: all };
  await writeFileAtomic(path, `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomic(join(FOLDER, 'accuracy.md'), accuracyMarkdown(report));
}

function readReport(path: string): AccuracyReport | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as AccuracyReport) : undefined;
}
