// What several runs have in common and in what they differ. Pure: records in, values out.
import { metricNames } from '../evaluation/runningMetrics';
import { meanAndStd } from '../evaluation/statistics';
import { type DatasetLabel, shortened } from '../report/theme';
import type { ModelRecord, RunRecord } from './runRecord';

/** One model of one run. */
export interface ComparedTraining {
  readonly run: RunRecord;
  readonly model: ModelRecord;
  /**
   * What decided about it, by name, but for the seed: the options of its training, or in records from before they were
   * noted the run's parameters; and facts such as the commit and the processor.
   */
  readonly values: ReadonlyMap<string, ComparedValue>;
}

export type ComparedValue = string | number;

/** All trainings of one model with the same options, data and commit; only the seed may differ. */
export interface ComparedSetting {
  /** The model's name; where it has several settings `CNN #1`, `CNN #2`, … from the best on. */
  readonly key: string;
  readonly model: string;
  /** What tells it from the model's other settings; several values where they made no difference. */
  readonly values: ReadonlyMap<string, ComparedValue>;
  /** One a seed, usually. */
  readonly trainings: readonly ComparedTraining[];
  /** Of each metric that was measured, by name; a training that was repeated to the last bit counts once. */
  readonly train: Readonly<Record<string, Spread>>;
  readonly val: Readonly<Record<string, Spread>>;
  readonly test: Readonly<Record<string, Spread>>;
  readonly seconds: Spread;
}

/** Mean and sample standard deviation; `std` is null for a single value. */
export interface Spread {
  readonly mean: number;
  readonly std: number | null;
  readonly count: number;
}

/** What one notebook has trained on one data set. */
export interface ComparedNotebook {
  readonly notebook: string;
  readonly dataset: DatasetLabel;
  /** The names of all that tells some setting from another one of the same model. */
  readonly differing: readonly string[];
  /** Best first: by test accuracy; those that were not tested behind them, by validation. */
  readonly settings: readonly ComparedSetting[];
}

export interface RunComparison {
  readonly runs: readonly RunRecord[];
  /** What is the same in all runs, such as the commit, by name. */
  readonly common: ReadonlyMap<string, ComparedValue>;
  /** In the order of their first runs. */
  readonly notebooks: readonly ComparedNotebook[];
}

type Facts = Readonly<Record<string, (run: RunRecord) => ComparedValue>>;

/** What a training met, whatever its options. */
const facts: Facts = {
  // Folders of one name may hold other pictures. Not of the sets: a seed splits them, and draws the generated sample.
  'data checksum': ({ dataset }) => {
    const { source, train } = dataset?.sha256 ?? {};
    return (dataset?.source === 'generated' ? null : (source ?? train))?.slice(0, 8) ?? 'unknown';
  },
  'test images': ({ dataset }) => dataset?.counts.test ?? 0,
  commit: ({ git }) => (git === null ? 'none' : git.commit.slice(0, 8) + (git.dirty ? '+' : '')),
};

/** What the options of a training say, where they were noted. */
const olderFacts: Facts = {
  'training images': ({ dataset }) => dataset?.counts.train ?? 0,
  'pretrained weights': ({ weights }) =>
    weights === null ? 'none' : `${weights.name} (${weights.source})`,
};

/** What may change seconds and last digits: it makes no setting of its own. */
const circumstances: Facts = {
  TensorFlow: ({ versions }) => versions.tensorflow,
  'ONNX Runtime': ({ versions }) => versions.onnxruntime ?? 'none',
  device: ({ device }) => device,
  threads: ({ threads }) => threads,
  processor: ({ machine }) => machine.cpu,
};

/** Columns of the tables that the names of options must leave free. */
const columns = ['run', 'runs', 'seed', 'seeds', 'notebook', 'model', 'setting', 'parameters'];
const scores = ['train accuracy', 'validation accuracy', 'test accuracy', 'seconds'];
const reserved = new Set([
  ...columns,
  ...scores,
  ...Object.keys({ ...facts, ...olderFacts, ...circumstances }),
]);

/**
 * Lays runs side by side: by notebook and data set the settings of each model, with mean and standard deviation over their
 * runs, and the options that tell them apart.
 *
 * Trainings with the same seed that agree to the last bit, in history and test, are one setting, whatever else differed
 * between their runs: it made no difference to this model.
 *
 * @param runs in the order in which they are to appear.
 */
export function compareRuns(runs: readonly RunRecord[]): RunComparison {
  const trainings = runs.flatMap((run) => run.models.map((model) => ({ run, model })));
  const groups = groupBy(trainings, ({ run: { notebook, dataset } }) =>
    JSON.stringify([notebook, dataset?.name, dataset?.source]),
  );
  return { runs, common: commonFacts(runs), notebooks: groups.map(compareNotebook) };
}

function commonFacts(runs: readonly RunRecord[]): Map<string, ComparedValue> {
  const named: Facts = {
    'data set': ({ dataset }) => dataset?.name ?? 'none',
    ...facts,
    ...circumstances,
  };
  const each = Object.entries(named).filter(([, of]) => new Set(runs.map(of)).size === 1);
  return new Map(each.map(([name, of]) => [name, of(runs[0])]));
}

type Training = Pick<ComparedTraining, 'run' | 'model'>;

function compareNotebook(trainings: readonly Training[]): ComparedNotebook {
  const [{ run }] = trainings;
  const { name, source } = run.dataset ?? { name: 'no data set', source: 'folder' as const };
  const settings = groupBy(trainings, ({ model }) => model.name)
    .flatMap(settingsOfModel)
    .sort((a, b) => rank(b) - rank(a));
  return {
    notebook: run.notebook,
    dataset: { name, source },
    differing: [...new Set(settings.flatMap(({ values }) => [...values.keys()]))],
    settings: withKeys(settings),
  };
}

/** At most so many: the best of each model, as far as there is room, and of the others the best. */
export function bestSettings(
  settings: readonly ComparedSetting[],
  most: number,
): readonly ComparedSetting[] {
  const isFirst = (one: ComparedSetting) =>
    settings.find(({ model }) => model === one.model) === one;
  const order = [...settings.filter(isFirst), ...settings.filter((one) => !isFirst(one))];
  const chosen = new Set(order.slice(0, most));
  return settings.filter((one) => chosen.has(one));
}

/** What was tested stands above what was not. */
function rank({ train, val, test }: Pick<ComparedSetting, 'train' | 'val' | 'test'>): number {
  const untested = val.accuracy ?? train.accuracy;
  return test.accuracy?.mean ?? (untested?.mean ?? 0) - 1;
}

function withKeys(settings: readonly Omit<ComparedSetting, 'key'>[]): ComparedSetting[] {
  return settings.map((setting) => {
    const name = shortened(setting.model);
    const others = settings.filter(({ model }) => shortened(model) === name);
    if (others.length === 1) return { key: name, ...setting };
    const number = ` #${others.indexOf(setting) + 1}`;
    // As long as a name in a figure may be, its number whole.
    const cut = [...name].length + number.length > LONGEST_NAME;
    const start = cut ? `${[...name].slice(0, LONGEST_NAME - 1 - number.length).join('')}…` : name;
    return { key: start + number, ...setting };
  });
}

/** Of {@link shortened}. */
const LONGEST_NAME = 28;

/** The settings of one model of one notebook. */
function settingsOfModel(members: readonly Training[]): Omit<ComparedSetting, 'key'>[] {
  const areOptionsKnown = members.every(({ model }) => model.origin?.options != null);
  const trainings = members.map((training): ComparedTraining => {
    return { ...training, values: describeTraining(training, areOptionsKnown) };
  });
  const names = [...new Set(trainings.flatMap(({ values }) => [...values.keys()]))].filter(
    (name) =>
      !Object.hasOwn(circumstances, name) &&
      new Set(trainings.map(({ values }) => values.get(name))).size > 1,
  );
  const alike = groupBy(trainings, ({ values }) =>
    JSON.stringify(names.map((name) => values.get(name) ?? null)),
  );
  const groups = joinRepeated(alike);
  const valuesOf = (group: readonly ComparedTraining[], name: string) => [
    ...new Set(group.flatMap(({ values }) => values.get(name) ?? [])),
  ];
  const differing = names.filter(
    (name) => new Set(groups.map((group) => valuesOf(group, name).join())).size > 1,
  );
  return groups.map((group) => {
    const values = differing.flatMap((name): [string, ComparedValue][] => {
      const all = valuesOf(group, name);
      return all.length === 0 ? [] : [[name, all.length === 1 ? all[0] : all.join(', ')]];
    });
    const models = distinct(group).map(({ model }) => model);
    return {
      model: group[0].model.name,
      values: new Map(values),
      trainings: group,
      train: spreads(models.map(({ train }) => train)),
      val: spreads(models.map(({ val }) => val)),
      test: spreads(models.map(({ test }) => test)),
      seconds: spreadOf(group.map(({ model: { seconds } }) => seconds)),
    };
  });
}

/** The options of the training where they were noted, else all parameters of its run. */
function describeTraining(
  { run, model }: Training,
  areOptionsKnown: boolean,
): Map<string, ComparedValue> {
  const { origin, parameterCount } = model;
  const options = areOptionsKnown
    ? origin?.options
    : { ...run.parameters, ...origin?.changedParameters };
  const values = new Map<string, ComparedValue>();
  for (const [name, value] of Object.entries(options ?? {})) {
    if (name === 'seed') continue;
    const label = reserved.has(name) ? `parameter ${name}` : name;
    values.set(label, typeof value === 'boolean' ? String(value) : value);
  }
  values.set('parameters', parameterCount);
  const named = { ...facts, ...(areOptionsKnown ? {} : olderFacts), ...circumstances };
  for (const [name, of] of Object.entries(named)) values.set(name, of(run));
  return values;
}

/** Groups that have the same training in common, to the last bit, become one. */
function joinRepeated(groups: readonly (readonly ComparedTraining[])[]): ComparedTraining[][] {
  let joined: { readonly trainings: ComparedTraining[]; readonly curves: Set<string> }[] = [];
  for (const group of groups) {
    const curves = new Set(group.flatMap((training) => curveOf(training) ?? []));
    const same = joined.filter((other) => [...curves].some((curve) => other.curves.has(curve)));
    const whole = {
      trainings: [...same.flatMap(({ trainings }) => trainings), ...group],
      curves: new Set([...same.flatMap((other) => [...other.curves]), ...curves]),
    };
    joined = [...joined.filter((other) => !same.includes(other)), whole];
  }
  return joined.map(({ trainings }) => trainings);
}

/** Without those that repeat an earlier one. */
function distinct(trainings: readonly ComparedTraining[]): readonly ComparedTraining[] {
  return groupBy(trainings, (training) => curveOf(training) ?? training).map(([first]) => first);
}

/** What two trainings share that are one and the same; undefined where nothing of the way was noted. */
function curveOf({ run, model }: Training): string | undefined {
  const { history, test, parameterCount, origin } = model;
  // An evaluation has no history, but says whose model it is of.
  const evaluated = history.length === 0 ? (origin?.trainedBy ?? undefined) : null;
  if (evaluated === undefined) return undefined;
  const epochs = history.map(({ train, val }) => [train, val]);
  return JSON.stringify([run.seed, parameterCount, epochs, test, evaluated]);
}

function spreads(values: readonly ModelRecord['test'][]): Record<string, Spread> {
  const named = metricNames(values).map((name) => {
    const known = values.flatMap((metrics) => metrics?.[name] ?? []);
    return [name, spreadOf(known)] as const;
  });
  return Object.fromEntries(named.filter(([, { count }]) => count > 0));
}

function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  return count === 0 ? { mean: 0, std: null, count } : { ...meanAndStd(values), count };
}

/** The lists of those with the same key, in the order in which they appear. */
function groupBy<T>(all: readonly T[], keyOf: (one: T) => unknown): T[][] {
  const groups = new Map<unknown, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}
