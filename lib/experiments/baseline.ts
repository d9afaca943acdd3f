/** The networks from scratch of an earlier run, to hold transfer learning against without training them again. */
import { dirname, join } from 'node:path';
import type { History } from '../training/history';
import { loadClassifier, type Classifier } from '../models/classifier';
import { recordDataset, type RecordedSplits } from '../runs/datasetRecord';
import type { DatasetRecord, ModelRecord, RunRecord } from '../runs/runRecord';
import { listRuns, loadRun, modelFolderName, runsDirectory, type Run } from '../runs/runs';

/** A model of an earlier run, as it was saved. */
export interface Baseline {
  readonly runId: string;
  readonly name: string;
  /** The caller disposes its model. */
  readonly classifier: Classifier;
  readonly history: History;
  readonly directory: string;
  readonly record: ModelRecord;
}

/**
 * The saved models of the latest complete run of a notebook on the same data: same name, source and classes, the very
 * same training and validation pictures. Which test set it used does not matter: test the classifiers again.
 *
 * Models that were not validated are left out: a second fit has learnt from the validation pictures too.
 *
 * @param run the run that asks; besides `data/runs` its own folder is searched.
 * @param options `notebook`: which one; default `using-cifar`. `parameters`: values that its run must have had, e.g. the
 *   epochs: a network that was trained for less is no fair baseline.
 * @returns none where no such run is there, or its models do not load.
 */
export async function findBaselines(
  run: Pick<Run, 'directory'>,
  splits: RecordedSplits,
  {
    notebook = 'using-cifar',
    parameters = {},
  }: { readonly notebook?: string; readonly parameters?: RunRecord['parameters'] } = {},
): Promise<Baseline[]> {
  const wanted = recordDataset(splits);
  for (const folder of new Set([dirname(run.directory), runsDirectory()])) {
    for (const id of (await listRuns(folder)).reverse()) {
      const directory = join(folder, id);
      const record = await loadRun(directory).catch(() => undefined); // another version's: no baseline
      if (record?.notebook !== notebook || !matches(record, wanted)) continue;
      const isSame = ([name, value]: [string, unknown]) => record.parameters[name] === value;
      if (Object.entries(parameters).every(isSame)) return loadModels(directory, record);
    }
  }
  return [];
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

async function loadModels(directory: string, record: RunRecord): Promise<Baseline[]> {
  const found: Baseline[] = [];
  for (const model of record.models) {
    if (model.val === null) continue;
    const place = join(directory, 'models', modelFolderName(model.name));
    const classifier = await loadClassifier(place).catch(() => undefined); // not saved, or damaged
    if (!classifier) continue;
    const history = { epochs: model.history, seconds: model.seconds };
    found.push({
      runId: record.id,
      name: model.name,
      classifier,
      history,
      directory: place,
      record: model,
    });
  }
  return found;
}
