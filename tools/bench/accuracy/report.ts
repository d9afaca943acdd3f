import { meanAndStd } from '../../../lib/evaluation/statistics';
import type { Machine } from '../machine';
import { machineMarkdown, table } from '../tables';
import type { RaceData } from './trainings';
import { TRAINING_NAMES, type TrainingName, type TrainingResult } from './trainings';

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

/** All trainings of one name. */
export interface Summary {
  readonly name: TrainingName;
  readonly results: readonly TrainingResult[];
  readonly testAccuracy: Spread;
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

/** The original CNN's test accuracy after its ten epochs is .7462 (original notebook, last epoch). */
export const GOALS: readonly AccuracyGoal[] = [
  { name: 'fast', accuracy: 0.7462, of: 'every seed', share: 1 / 10 },
  { name: 'standard', accuracy: 0.9, of: 'mean', share: 1 },
  { name: 'long', accuracy: 0.94, of: 'mean' },
];

/** The trainings by name, in the order of {@link TRAINING_NAMES}. */
export function summarise(results: readonly TrainingResult[]): Summary[] {
  return TRAINING_NAMES.flatMap((name) => {
    const own = results.filter((result) => result.name === name);
    if (own.length === 0) return [];
    const accuracies = own.map(({ testAccuracy }) => testAccuracy);
    return {
      name,
      results: own,
      testAccuracy: meanAndStd(accuracies),
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
  const ours = summaries.find((summary) => summary.name === name);
  const keras = summaries.find((summary) => summary.name === 'keras');
  if (!ours || !keras) return undefined;
  const needed = ours.seconds.mean / keras.seconds.mean;
  const reachedAccuracy = of === 'mean' ? ours.testAccuracy.mean : ours.worstAccuracy;
  const reached = reachedAccuracy >= accuracy && needed <= (share ?? Infinity);
  return { share: needed, reached };
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
    'Mean ± sample standard deviation over the seeds.',
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
    const ours = summaries.find(({ name }) => name === goal.name);
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
  return table(
    ['training', 'seeds', 'test accuracy', 'seconds', 'epochs', 'parameters', 'products in'],
    summaries.map(({ name, results, testAccuracy, seconds }) => [
      TRAINING_LABELS[name],
      String(results.length),
      spread(testAccuracy, 4),
      spread(seconds, 1),
      String(results[0].epochs),
      results[0].parameters.toLocaleString('en-US'),
      results[0].precision,
    ]),
  );
}

function trainingTable(results: readonly TrainingResult[]): string {
  return table(
    [
      'training',
      'seed',
      'test accuracy',
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
          String(result.seed),
          result.testAccuracy.toFixed(4),
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
