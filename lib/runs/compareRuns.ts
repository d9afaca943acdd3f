// What several runs have in common and in what they differ. Pure: records in, values out.
import { metricNames } from '../evaluation/runningMetrics';
import { meanAndStd } from '../evaluation/statistics';
import type { ModelRecord, RunRecord } from './runRecord';

/** One model of one run. */
export interface ComparedTraining {
  readonly run: RunRecord;
  readonly model: ModelRecord;
  /** What this run's values are, by the names of {@link RunComparison.differing}; absent where it has none. */
  readonly values: ReadonlyMap<string, string | number>;
}

/** All trainings of one model with the same parameters, data and commit; only the seed may differ. */
export interface ComparedSetting {
  /** What tells it from the other settings, e.g. `CNN, epochs 8`. */
  readonly label: string;
  readonly model: string;
  readonly values: ReadonlyMap<string, string | number>;
  /** One a seed, usually. */
  readonly trainings: readonly ComparedTraining[];
  /** Of each metric that was measured, by name. */
  readonly train: Readonly<Record<string, Spread>>;
  readonly val: Readonly<Record<string, Spread>>;
  readonly test: Readonly<Record<string, Spread>>;
  readonly seconds: Spread | null;
}

/** Mean and sample standard deviation; `std` is null for a single value. */
export interface Spread {
  readonly mean: number;
  readonly std: number | null;
  readonly count: number;
}

export interface RunComparison {
  readonly runs: readonly RunRecord[];
  /** Parameters and circumstances that are not the same in all runs, the seed left out. */
  readonly differing: readonly string[];
  readonly trainings: readonly ComparedTraining[];
  readonly settings: readonly ComparedSetting[];
}

/** Facts of a run besides its parameters; the first ones make a setting, the others are only shown. */
const settingFacts: Readonly<Record<string, (run: RunRecord) => string | number>> = {
  notebook: ({ notebook }) => notebook,
  'data set': ({ dataset }) => dataset?.name ?? 'none',
  'training images': ({ dataset }) => dataset?.counts.train ?? 0,
  'test images': ({ dataset }) => dataset?.counts.test ?? 0,
  // Folders of one name may hold other pictures. Not of the sets: a seed splits them, and draws the generated sample.
  'data checksum': ({ dataset }) => {
    const { source, train } = dataset?.sha256 ?? {};
    return (dataset?.source === 'generated' ? null : (source ?? train))?.slice(0, 8) ?? 'unknown';
  },
  'pretrained weights': ({ weights }) =>
    weights === null ? 'none' : `${weights.name} (${weights.source})`,
  commit: ({ git }) => (git === null ? 'none' : git.commit.slice(0, 8) + (git.dirty ? '+' : '')),
};
const circumstances: typeof settingFacts = {
  TensorFlow: ({ versions }) => versions.tensorflow,
  device: ({ device }) => device,
  threads: ({ threads }) => threads,
  processor: ({ machine }) => machine.cpu,
};

/**
 * Lays runs side by side: what differed in their parameters and circumstances, each model of each run, and the
 * runs that differ in nothing but the seed as one setting with mean and standard deviation.
 *
 * @param runs in the order in which they are to appear.
 */
export function compareRuns(runs: readonly RunRecord[]): RunComparison {
  const each = runs.flatMap((run) =>
    run.models.map((model) => ({ run, model, all: describeRun(withChanges(run, model)) })),
  );
  const all = [...runs.map(describeRun), ...each.map((training) => training.all)];
  const names = [...new Set(all.flatMap((values) => [...values.keys()]))];
  const differing = names.filter((name) => new Set(all.map((values) => values.get(name))).size > 1);
  const trainings = each.map(({ run, model, all }): ComparedTraining => {
    return { run, model, values: new Map([...all].filter(([name]) => differing.includes(name))) };
  });
  return { runs, differing, trainings, settings: groupSettings(trainings) };
}

/** The run as it would have been with the values that this model was trained with. */
function withChanges(run: RunRecord, { origin }: ModelRecord): RunRecord {
  return origin ? { ...run, parameters: { ...run.parameters, ...origin.changedParameters } } : run;
}

/** Every parameter but the seed, and every fact, by name. A parameter that is called like a fact says so. */
function describeRun(run: RunRecord): Map<string, string | number> {
  const facts = { ...settingFacts, ...circumstances };
  const values = new Map<string, string | number>();
  for (const [name, value] of Object.entries(run.parameters)) {
    if (name === 'seed') continue;
    const label = Object.hasOwn(facts, name) || reserved.has(name) ? `parameter ${name}` : name;
    values.set(label, typeof value === 'boolean' ? String(value) : value);
  }
  for (const [name, of] of Object.entries(facts)) values.set(name, of(run));
  return values;
}

/** Columns of the tables. */
const reserved = new Set([
  'run',
  'runs',
  'seed',
  'seeds',
  'model',
  'parameters',
  'seconds',
  'train accuracy',
  'validation accuracy',
  'test accuracy',
]);

function groupSettings(trainings: readonly ComparedTraining[]): ComparedSetting[] {
  const groups = new Map<string, ComparedTraining[]>();
  for (const training of trainings) {
    const settings = [...training.values].filter(([name]) => !Object.hasOwn(circumstances, name));
    const key = JSON.stringify([training.model.name, ...settings]);
    const group = groups.get(key) ?? [];
    group.push(training);
    groups.set(key, group);
  }
  const settings = [...groups.values()];
  const labels = uniqueLabels(settings.map(([first]) => settingLabel(first)));
  return settings.map((group, index): ComparedSetting => {
    const [{ model, values }] = group;
    const models = group.map((training) => training.model);
    const spreads = (split: 'train' | 'val' | 'test') => {
      return Object.fromEntries(
        metricNames(models.map((each) => each[split])).flatMap((name) => {
          const spread = spreadOf(models.map((each) => each[split]?.[name] ?? null));
          return spread ? [[name, spread]] : [];
        }),
      );
    };
    return {
      label: labels[index],
      model: model.name,
      values,
      trainings: group,
      train: spreads('train'),
      val: spreads('val'),
      test: spreads('test'),
      seconds: spreadOf(models.map(({ seconds }) => seconds)),
    };
  });
}

function settingLabel({ model, values }: ComparedTraining): string {
  const settings = [...values].filter(([name]) => !Object.hasOwn(circumstances, name));
  return [model.name, ...settings.map(([name, value]) => `${name} ${value}`)].join(', ');
}

/** `CNN`, `CNN (2)`: figures and tables tell rows apart by their names. */
function uniqueLabels(labels: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return count === 1 ? label : `${label} (${count})`;
  });
}

/** Of the values that there are; null where there is none. */
function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : { ...meanAndStd(known), count: known.length };
}
