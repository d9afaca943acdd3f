/** An ablation's measurements on disk: hours of training survive a kill, and none is done twice. */
import { readFile } from 'node:fs/promises';
import { errorCode, fileError, writeFileAtomic } from '../atomicFile';
import {
  amount,
  anything,
  fraction,
  integer,
  listOf,
  nullable,
  objectOf,
  SchemaError,
  text,
} from '../schema';
import { findDifference } from '../training/identity';

/** One training of an ablation. */
export interface Measurement {
  /** The piece left out; null: none, the whole recipe. */
  readonly piece: string | null;
  readonly seed: number;
  /** Validation accuracy, 0…1. */
  readonly accuracy: number;
  /** Of the training, evaluation not included. */
  readonly seconds: number;
}

const fileSchema = objectOf<{ identity: unknown; measurements: Measurement[] }>({
  identity: anything,
  measurements: listOf(
    objectOf<Measurement>({
      piece: nullable(text),
      seed: integer,
      accuracy: fraction,
      seconds: amount,
    }),
  ),
});

/** Measurements made so far. */
export interface MeasurementStore {
  find(piece: string | null, seed: number): Measurement | undefined;
  /** Keeps one more, on disk where there is a file. */
  add(measurement: Measurement): Promise<void>;
}

/**
 * Opens the measurements in `file`, or starts empty where there is no file, or one of another recipe or other data.
 *
 * @param file JSON; undefined keeps everything in memory.
 * @param identity plain JSON: what else the measurements depend on.
 * @throws Error where the file cannot be read; one that cannot be written is told once on console.warn.
 */
export async function openMeasurements(
  file: string | undefined,
  identity: unknown,
): Promise<MeasurementStore> {
  const same = JSON.parse(JSON.stringify(identity)) as unknown;
  let isUseless = false;
  const measurements = file === undefined ? [] : await readMeasurements(file, same);
  return {
    find: (piece, seed) =>
      measurements.find((known) => known.piece === piece && known.seed === seed),
    async add(measurement) {
      measurements.push(measurement);
      if (file === undefined || isUseless) return;
      const json = `${JSON.stringify({ identity: same, measurements }, null, 1)}\n`;
      // The results are in memory, and the file only saves time later: do not fail.
      await writeFileAtomic(file, json).catch((error: Error) => {
        isUseless = true;
        console.warn(`The measurements are not kept. (${error.message})`);
      });
    },
  };
}

async function readMeasurements(file: string, identity: unknown): Promise<Measurement[]> {
  try {
    const content = fileSchema(JSON.parse(await readFile(file, 'utf8')), '');
    return findDifference(content.identity, identity) === undefined ? content.measurements : [];
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return [];
    if (error instanceof SchemaError) throw new Error(`${error.message} in ${file}: remove it.`);
    throw fileError(error, `read ${file}`);
  }
}
