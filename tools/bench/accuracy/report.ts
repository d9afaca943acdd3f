import { meanAndStd } from '../../../lib/evaluation/statistics';
import type { Machine } from '../machine';
import { machineMarkdown, table } from '../tables';
import type { RaceData } from './trainings';
import { ownEpochs, TRAINING_NAMES, type TrainingName, type TrainingResult } from './trainings';

export const TRAINING_LABELS: Readonly<Record<TrainingName, string>> = {
  keras: 'Keras, the original CNN',
  fast: 'this project, fast recipe',
  standard: 'this project, standard recipe',
  long: 'this project, long recipe',
};

/** Everything that tools/bench/accuracy.json holds. */
export interface AccuracyReport {
  readonly machine: Machine;
  readonly data: RaceData;
  readonly results: readonly TrainingResult[];
}

/** Mean and sample standard deviation; null for one value. */
interface Spread {
  readonly mean: number;
  readonly std: number | null;
}

/** All trainings of one name and number of epochs. */
export interface Summary {
  readonly name: TrainingName;
  readonly epochs: number;
  readonly results: readonly TrainingResult[];
  readonly testAccuracy: Spread;
  readonly singleViewAccuracy: Spread;
  /** Of the worst seed. */
  readonly worstAccuracy: number;
  readonly seconds: Spread;
}

/** A goal of accuracy within a share of Keras' time. */
export interface AccuracyGoal {
  readonly name: TrainingName;
  readonly accuracy: number;
  /** `every` seed has to reach it, or their mean. */
  readonly of: 'every seed' | 'mean';
  /** At most this share of Keras' seconds; undefined: as long as it likes. */
  readonly share?: number;
}

/**
 * The original CNN's test accuracy after its ten epochs is .7462 (original notebook, last epoch); .94 and .95 are those of
 * Jordan's airbench94 and 95.
 */
export const GOALS: readonly AccuracyGoal[] = [
  { name: 'fast', accuracy: 0.7462, of: 'every seed', share: 1 / 10 },
  { name: 'fast', accuracy: 0.85, of: 'mean', share: 1 / 10 },
  { name: 'standard', accuracy: 0.94, of: 'mean', share: 1.1 },
  { name: 'long', accuracy: 0.95, of: 'mean', share: 6 },
];

/** The trainings by name, in the order of {@link TRAINING_NAMES}, and epochs. */
export function summarise(results: readonly TrainingResult[]): Summary[] {
  const lengths = [...new Set(results.map(({ epochs }) => epochs))].sort((a, b) => a - b);
  const kinds = TRAINING_NAMES.flatMap((name) => lengths.map((epochs) => ({ name, epochs })));
  return kinds.flatMap(({ name, epochs }) => {
    const own = results.filter((result) => result.name === name && result.epochs === epochs);
    if (own.length === 0) return [];
    const accuracies = own.map(({ testAccuracy }) => testAccuracy);
    return {
      name,
      epochs,
      results: own,
      testAccuracy: meanAndStd(accuracies),
      singleViewAccuracy: meanAndStd(own.map((result) => result.singleViewAccuracy)),
      worstAccuracy: Math.min(...accuracies),
      seconds: meanAndStd(own.map(({ seconds }) => seconds)),
    };
  });
}

/** What came of a goal: the share of Keras' time that was needed, and whether both halves were reached. */
export function judge(
  { name, accuracy, of, share }: AccuracyGoal,
  summaries: readonly Summary[],
): { readonly share: number; readonly reached: boolean } | undefined {
  const ours = ownSummary(name, summaries);
  const keras = ownSummary('keras', summaries);
  if (!ours || !keras) return undefined;
  const needed = ours.seconds.mean / keras.seconds.mean;
  const reachedAccuracy = of === 'mean' ? ours.testAccuracy.mean : ours.worstAccuracy;
  const reached = reachedAccuracy >= accuracy && needed <= (share ?? Infinity);
  return { share: needed, reached };
}

/** The trainings of a name with its own number of epochs. */
function ownSummary(name: TrainingName, summaries: readonly Summary[]): Summary | undefined {
  return summaries.find((each) => each.name === name && each.epochs === ownEpochs(name));
}

/** tools/bench/accuracy.md. */
export function accuracyMarkdown(report: AccuracyReport): string {
  const { machine, data, results } = report;
  const count = (value: number) => value.toLocaleString('en-US');
  return [
    '# Accuracy against time',
    'Written by `npm run bench -- --job accuracy`; what is measured and how: [README.md](README.md#accuracy).',
    [
      machineMarkdown(machine),
      `- data: ${data.name} (${data.source}), ${count(data.trainCount)} training and ${count(data.testCount)} test pictures`,
    ].join('\n'),
    '## Goals',
    goalTable(summarise(results)),
    '## Figures',
    'Mean ± sample standard deviation over the seeds. Views: see `lib/models/views.ts`; Keras takes one.',
    summaryTable(summarise(results)),
    '## Every training',
    'Run one at a time. The last columns: the share of the machine that other programs took, and when and with what it was measured.',
    trainingTable(results),
  ]
    .join('\n\n')
    .concat('\n');
}

export function goalTable(summaries: readonly Summary[]): string {
  const rows = GOALS.flatMap((goal) => {
    const verdict = judge(goal, summaries);
    const ours = ownSummary(goal.name, summaries);
    if (!verdict || !ours) return [];
    const within = goal.share === undefined ? '' : ` in ≤ ${shareText(goal.share)}`;
    const accuracy =
      goal.of === 'mean'
        ? spread(ours.testAccuracy, 4)
        : `${ours.worstAccuracy.toFixed(4)} (worst seed)`;
    return [
      [
        TRAINING_LABELS[goal.name],
        `≥ ${goal.accuracy} (${goal.of})${within}`,
        accuracy,
        `${ours.seconds.mean.toFixed(1)} s, ${shareText(verdict.share)}`,
        verdict.reached ? 'yes' : 'no',
      ],
    ];
  });
  return table(
    ['training', 'goal', 'test accuracy', "time, of Keras' ten epochs", 'reached'],
    rows,
  );
}

function summaryTable(summaries: readonly Summary[]): string {
  const keras = ownSummary('keras', summaries);
  return table(
    [
      'training',
      'epochs',
      'seeds',
      'test accuracy',
      'with one view',
      'seconds',
      "of Keras' time",
      'parameters',
      'products in',
    ],
    summaries.map(({ name, epochs, results, testAccuracy, singleViewAccuracy, seconds }) => [
      TRAINING_LABELS[name],
      String(epochs),
      String(results.length),
      spread(testAccuracy, 4),
      spread(singleViewAccuracy, 4),
      spread(seconds, 1),
      keras ? shareText(seconds.mean / keras.seconds.mean) : '',
      results[0].parameters.toLocaleString('en-US'),
      results[0].precision,
    ]),
  );
}

function trainingTable(results: readonly TrainingResult[]): string {
  return table(
    [
      'training',
      'epochs',
      'seed',
      'test accuracy',
      'with one view',
      'seconds',
      'peak MB',
      'taken by others',
      'measured',
      'commit',
    ],
    summarise(results).flatMap(({ name, results: own }) =>
      [...own]
        .sort((a, b) => a.seed - b.seed)
        .map((result) => [
          TRAINING_LABELS[name],
          String(result.epochs),
          String(result.seed),
          result.testAccuracy.toFixed(4),
          result.singleViewAccuracy.toFixed(4),
          result.seconds.toFixed(1),
          result.peakMegabytes.toFixed(0),
          result.foreignLoad === null ? '?' : `${Math.round(100 * result.foreignLoad)} %`,
          result.measuredAt,
          result.commit,
        ]),
    ),
  );
}

/** `0.7462 ± 0.0021`; one value alone has no deviation. */
function spread({ mean, std }: Spread, digits: number): string {
  return mean.toFixed(digits) + (std === null ? '' : ` ± ${std.toFixed(digits)}`);
}

/** `1/11.9` or `0.94 ×`. */
function shareText(share: number): string {
  return share < 0.5 ? `1/${Number((1 / share).toFixed(1))}` : `${Number(share.toFixed(2))} ×`;
}
