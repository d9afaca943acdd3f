// A run that repeats or resumes another one looks first whether the data are still the same, and keeps its engine.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorCode, fileError, writeFileAtomicSync } from '../atomicFile';
import { describeEngine, type EngineDescription } from '../evaluation/engine';
import { objectOf, oneOf, type Schema, text } from '../schema';
import { datasetDifferences } from './datasetRecord';
import { datasetSchema, parseRunRecord, type DatasetRecord } from './runRecord';

/**
 * Compares a run's data with those of the run that it repeats.
 *
 * @param earlier the folder of the complete run that is repeated (`RUN_AGAIN`).
 * @returns what to report, as a warning where `differs`.
 */
export function compareWithEarlier(
  dataset: DatasetRecord,
  earlier: string,
): { readonly differs: boolean; readonly lines: readonly string[] } {
  const id = basename(earlier);
  let before: DatasetRecord | null;
  try {
    const file = join(earlier, 'run.json');
    before = parseRunRecord(readFileSync(file, 'utf8'), file).dataset;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { differs: true, lines: [`The data of ${id} cannot be compared: ${reason}`] };
  }
  if (before === null) return { differs: true, lines: [`${id} recorded no data to compare with.`] };
  const differences = datasetDifferences(before, dataset);
  if (differences.length > 0) {
    const heading = `NOT THE DATA OF ${id}: the numbers will differ.`;
    return { differs: true, lines: [heading, ...differences.map((line) => `  ${line}`)] };
  }
  if (!before.sha256?.train || !dataset.sha256?.train) {
    const line = `The data look like those of ${id}; its record has no checksum to verify it.`;
    return { differs: false, lines: [line] };
  }
  return { differs: false, lines: [`The data are those of ${id}, to the last byte.`] };
}

/**
 * Remembers an unfinished run's data, for the day when it is resumed; the file goes with the checkpoints once the run
 * is complete.
 *
 * @throws Error if the file cannot be written.
 */
export function rememberDataset(dataset: DatasetRecord, directory: string): void {
  remember(dataset, rememberedFile(directory, 'dataset'));
}

/**
 * What computes the predictions of a run, the same from its first to its last: in a resumed one what it began with.
 *
 * @throws Error where that no longer loads, or the file that remembers it cannot be written.
 */
export async function runEngine(
  directory: string,
  { isResumed }: { readonly isResumed: boolean },
): Promise<EngineDescription> {
  const file = rememberedFile(directory, 'engine');
  const before = isResumed ? readRemembered(file, engineSchema) : undefined;
  const engine = await describeEngine(before?.name ?? 'auto');
  remember(engine, file);
  return engine;
}

/**
 * Makes sure that a resumed run continues with its data.
 *
 * @throws Error that names what is different: a run on a mix of two data sets would be meaningless.
 */
export function checkRemembered(dataset: DatasetRecord, directory: string): void {
  const before = readRemembered(rememberedFile(directory, 'dataset'), datasetSchema);
  const differences = before ? datasetDifferences(before, dataset) : [];
  if (differences.length === 0) return;
  throw new Error(
    `Expected the data that the run ${basename(directory)} started with but found different data.` +
      `${differences.join(' ')} Bring those data back (npm start -- --resume takes the place from the first call, ` +
      'or CIFAR10_DIR), or begin a new run: npm start. Its checkpoints are as they were.',
  );
}

const engineSchema = objectOf<EngineDescription>({
  name: oneOf('tensorflow', 'onnx'),
  version: text,
});

function remember(value: DatasetRecord | EngineDescription, file: string): void {
  writeFileAtomicSync(file, `${JSON.stringify(value)}\n`);
}

/** Undefined where a kill came before it was written, or left it half written. */
function readRemembered<T>(file: string, schema: Schema<T>): T | undefined {
  try {
    return schema(JSON.parse(readFileSync(file, 'utf8')), '');
  } catch (error) {
    if (errorCode(error) === undefined || errorCode(error) === 'ENOENT') return undefined;
    throw fileError(error, `read ${file}`);
  }
}

function rememberedFile(directory: string, what: 'dataset' | 'engine'): string {
  return join(directory, 'checkpoints', `${what}.json`);
}
