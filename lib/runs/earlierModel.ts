/** A model that an earlier run has trained on the same pictures with the same values. */
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { History } from '../training/history';
import { loadClassifier, type Classifier } from '../models/classifier';
import { recordDataset, type RecordedSplits } from './datasetRecord';
import type { ParameterValue } from './parameters';
import { listRuns, loadRun, modelFolderName, runsDirectory } from './runFolder';
import type { DatasetRecord, ModelOrigin, ModelRecord, RunRecord } from './runRecord';

/** A model of an earlier run, as it was saved. */
export interface EarlierModel {
  readonly runId: string;
  /** The caller disposes its model. */
  readonly classifier: Classifier;
  readonly history: History;
  /** As its record says. */
  readonly options: ModelOrigin['options'];
}

/** What a model must have been trained with. */
export interface EarlierModelOptions {
  readonly notebook: string;
  readonly model: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly seed: number;
}

/**
 * The saved model of that name of the latest complete run of a notebook on the same data: same name, source and classes, the
 * very same training and validation pictures, the same seed and parameters. Which test set it met does not matter: it is to
 * be tested again.
 *
 * A model that was not validated, that another run had trained, or whose fit had other values than its run, is left out.
 *
 * @param run the run that asks; besides `data/runs` its own folder is searched. In a sweep (`RUN_BASELINE`) the run that the
 *   plan names alone, or none: what the other rows have done by then must not matter.
 * @returns undefined where there is none, or it does not load.
 */
export async function findEarlierModel(
  run: { readonly directory: string },
  splits: RecordedSplits,
  options: EarlierModelOptions,
): Promise<EarlierModel | undefined> {
  const wanted = recordDataset(splits);
  for (const directory of await candidates(run.directory)) {
    const record = await loadRun(directory).catch(() => undefined); // another version's: no such model
    if (record?.notebook !== options.notebook || !matches(record, wanted)) continue;
    const model = record.models.find(({ name }) => name === options.model);
    if (!model || !hasValues(record, model, options)) continue;
    const place = join(directory, 'models', modelFolderName(model.name));
    const classifier = await loadClassifier(place).catch(() => undefined); // not saved, or damaged
    if (!classifier) continue;
    const trainedWith = model.origin?.options ?? null;
    const runId = basename(directory);
    return { runId, classifier, history: historyOf(model), options: trainedWith };
  }
  return undefined;
}

/** The folders of the runs that may have trained it, the latest first. */
async function candidates(own: string): Promise<string[]> {
  const named = process.env.RUN_BASELINE;
  if (named !== undefined) return named === '' ? [] : [named];
  const folders = [...new Set([dirname(own), runsDirectory()])];
  const lists = await Promise.all(
    folders.map(async (folder) => {
      return (await listRuns(folder)).reverse().map((id) => join(folder, id));
    }),
  );
  return lists.flat();
}

/** The epoch whose weights the model has is the one whose validation the record gives as the model's. */
function historyOf({ history: epochs, seconds, val }: ModelRecord): History {
  const kept = epochs.find((epoch) => isDeepStrictEqual(epoch.val, val));
  const isLast = kept === undefined || kept === epochs.at(-1);
  return { epochs, seconds, ...(isLast ? {} : { bestEpoch: kept.epoch }) };
}

function hasValues(
  { parameters, seed }: RunRecord,
  { val, origin }: ModelRecord,
  wanted: EarlierModelOptions,
): boolean {
  if (val === null || origin?.trainedBy) return false;
  const given: RunRecord['parameters'] = { ...parameters, seed, ...origin?.changedParameters };
  return Object.entries({ ...wanted.parameters, seed: wanted.seed }).every(
    ([name, value]) => given[name] === value,
  );
}

/** The same training and validation pictures, in the same order; records without checksums match nothing that has them. */
function matches({ dataset }: RunRecord, wanted: DatasetRecord): boolean {
  if (dataset === null) return false;
  const fields = ({ name, source, classNames, counts, sha256 }: DatasetRecord): string =>
    JSON.stringify([
      name,
      source,
      classNames,
      counts.train,
      counts.val,
      sha256?.train ?? null,
      sha256?.val ?? null,
    ]);
  return fields(dataset) === fields(wanted);
}
