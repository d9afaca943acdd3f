import { join } from 'node:path';
import { runTrainings } from '../accuracy/race';
import { accuracyMarkdown, TRAINING_LABELS, type AccuracyReport } from '../accuracy/report';
import { planTrainings, type TrainingResult } from '../accuracy/trainings';
import { writeAtomic } from '../writeAtomic';
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
    const { data, results } = await runTrainings(trainings, {
      epochs: epochs ?? short.epochs,
      pictures: pictures ?? short.pictures,
      onProgress: say,
      onResult: (result) => {
        clear();
        console.log(resultLine(result));
      },
    });
    clear();
    const measuredAt = new Date().toISOString().slice(0, 16) + 'Z';
    const report: AccuracyReport = { machine, data, results, measuredAt, ...stamp };
    console.log(`\n${accuracyMarkdown(report)}`);
    if (quick || epochs !== undefined || pictures !== undefined) {
      console.log('A look at a shortened race: bench/accuracy.md stays as it was.');
    } else save(report);
  },
};

function resultLine({ name, seed, testAccuracy, seconds }: TrainingResult): string {
  return `${TRAINING_LABELS[name]}, seed ${seed}: test accuracy ${testAccuracy.toFixed(4)} after ${seconds.toFixed(1)} s`;
}

function save(report: AccuracyReport): void {
  if (report.results.some(({ foreignLoad }) => (foreignLoad ?? 0) > TOO_BUSY)) {
    console.log('The machine was too busy with other programs: this result is not saved.');
    return;
  }
  writeAtomic(join(FOLDER, 'accuracy.json'), `${JSON.stringify(report, null, 1)}\n`);
  writeAtomic(join(FOLDER, 'accuracy.md'), accuracyMarkdown(report));
}
