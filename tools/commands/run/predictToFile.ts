// Predictions of many pictures into a file, written as they are made: whole, or in parts that other machines make too.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { appendFile, mkdir, rename, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileError } from '../../../lib/atomicFile';
import { sha256Of } from '../../../lib/data/checksum';
import {
  BATCH_SIZE,
  DEFAULT_RANKS,
  type FilePredictor,
  predictBatches,
} from '../../../lib/evaluation/predictFiles';
import { lockFile } from '../../../lib/folderLock';
import {
  parsePredictionLine,
  type PredictionColumns,
  type PredictionRow,
  predictionsCsv,
  predictionsJsonLines,
} from '../../../lib/report/predictionText';
import { Problem, shownPath, userFolder } from '../program';

/** Which part of the pictures: `index` from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** A part's first line: parts with another one do not belong together. */
interface PartHeader {
  readonly pictures: number;
  /** SHA-256 of their names. */
  readonly list: string;
  /** SHA-256 of the model's file. */
  readonly model: string;
  readonly columns: PredictionColumns;
  /** Below this probability a prediction is marked as not sure; null where none is. */
  readonly atLeast: number | null;
}

/** `2/8`, or `8` in a task of an array, which knows its own number. @throws {Problem} */
export function parseShard(text: string, env = process.env): Shard {
  const task = env.SLURM_ARRAY_TASK_ID ?? env.JOB_COMPLETION_INDEX;
  const [, given, total] = /^(?:(\d+)\/)?(\d+)$/.exec(text) ?? [];
  const [index, count] = [Number(given ?? task), Number(total)];
  if (index >= 0 && index < count) return { index, count };
  throw new Problem(`--shard takes I/N with I from 0 to N - 1; received ${text}.`, {
    remedy: 'For example: --shard 0/8; in an array job, which sets I itself: --shard 8',
  });
}

/**
 * Where a shard begins; the next one begins where it ends. Between whole batches: a picture is then predicted in the same batch,
 * and so to the same last bit, however many shards there are.
 */
function shardStart(pictures: number, { index, count }: Shard): number {
  const batches = Math.ceil(pictures / BATCH_SIZE);
  return Math.min(pictures, Math.floor((index * batches) / count) * BATCH_SIZE);
}

function partFile(out: string, { index, count }: Shard): string {
  return `${out}.part-${index}-of-${count}.jsonl`;
}

/**
 * Predicts a shard into its part file; what an earlier call has written is kept.
 *
 * @param options `modelFile`: tells one model from another; `atLeast`: as in {@link shownRow}.
 * @returns how many pictures the part has, and how many of them cannot be read.
 * @throws {Problem} where the part was begun with other pictures or another model.
 */
export async function predictShard(
  predictor: FilePredictor,
  pictures: readonly string[],
  options: {
    readonly out: string;
    readonly shard: Shard;
    readonly modelFile: string;
    readonly atLeast?: number;
  },
): Promise<{ readonly file: string; readonly size: number; readonly errors: number }> {
  const { out, shard, modelFile, atLeast } = options;
  const file = partFile(out, shard);
  const [start, end] = [shard.index, shard.index + 1].map((index) =>
    shardStart(pictures.length, { ...shard, index }),
  );
  const header: PartHeader = {
    pictures: pictures.length,
    list: sha256Of(pictures.map(nameOf).join('\n')),
    model: sha256Of(readFileSync(modelFile)),
    columns: {
      ranks: Math.min(predictor.classNames.length, DEFAULT_RANKS),
      isSureSaid: atLeast !== undefined,
    },
    atLeast: atLeast ?? null,
  };
  const lock = await lockFile(`${file}.lock`, `write ${file}`);
  try {
    let { rows, errors } = await keepBatches(file, { header, size: end - start });
    for await (const batch of predictBatches(predictor, pictures.slice(start + rows, end))) {
      await appendFile(file, predictionsJsonLines(batch.map((row) => shownRow(row, atLeast))));
      rows += batch.length;
      errors += batch.filter((row) => 'error' in row).length;
    }
    return { file, size: rows, errors };
  } catch (error) {
    throw fileError(error, `write ${file}`);
  } finally {
    lock.release();
  }
}

function nameOf(picture: string): string {
  return relative(userFolder, picture);
}

/** The row as it is written: the picture as a person would type it, and whether the prediction is sure where a threshold is given. */
export function shownRow(row: PredictionRow, atLeast?: number): PredictionRow {
  const picture = nameOf(row.picture);
  if ('error' in row)
    return { picture, error: new Error(row.error.message.replaceAll(row.picture, picture)) };
  if (atLeast === undefined) return { ...row, picture };
  return { ...row, picture, sure: row.prediction.probability >= atLeast };
}

/** Cuts a part back to the last whole batch, or to all of it; begins one that is not there. */
async function keepBatches(
  file: string,
  { header, size }: { readonly header: PartHeader; readonly size: number },
): Promise<{ rows: number; errors: number }> {
  const first = `${JSON.stringify(header)}\n`;
  await mkdir(dirname(file), { recursive: true });
  const isBegun = existsSync(file) && statSync(file).size >= first.length;
  if (isBegun) await checkHeader(file, header);
  else await writeFile(file, first);
  const kept = { bytes: first.length, rows: 0, errors: 0 };
  const read = { ...kept };
  for await (const line of linesOf(file)) {
    read.bytes += Buffer.byteLength(line) + 1;
    read.rows += 1;
    if ('error' in parsePredictionLine(line)) read.errors += 1;
    if (read.rows % BATCH_SIZE === 0 || read.rows === size) Object.assign(kept, read);
  }
  await truncate(file, kept.bytes);
  return kept;
}

/**
 * Joins the parts of all shards into one file, in the order of the pictures, and removes them. Memory does not grow with their
 * number.
 *
 * @param options.count of the shards; default: as the parts' names say.
 * @returns how many pictures there are, and how many of them cannot be read.
 * @throws {Problem} for a part that is missing, unfinished, or of another call, or for parts of several numbers of shards.
 */
export async function mergeShards(
  out: string,
  { json, count = countParts(out) }: { readonly json: boolean; readonly count?: number },
): Promise<{ readonly size: number; readonly errors: number }> {
  const files = Array.from({ length: count }, (_, index) => partFile(out, { index, count }));
  const header = await readHeader(files[0]);
  let [size, errors] = [0, 0];
  const text = async function* () {
    const { columns } = header;
    if (!json) yield predictionsCsv([], { columns });
    for (const [index, file] of files.entries()) {
      await checkHeader(file, header);
      for await (const line of linesOf(file)) {
        const row = parsePredictionLine(line);
        yield json ? `${line}\n` : predictionsCsv([row], { columns, header: false });
        size += 1;
        if ('error' in row) errors += 1;
      }
      if (size === shardStart(header.pictures, { index: index + 1, count })) continue;
      throw new Problem(`${shownPath(file)} is not finished.`, {
        remedy: `Run the same command with --shard ${index}/${count}.`,
      });
    }
  };
  try {
    await pipeline(text, createWriteStream(`${out}.new`));
    await rename(`${out}.new`, out);
  } catch (error) {
    rmSync(`${out}.new`, { force: true });
    throw fileError(error, `write ${out}`);
  }
  for (const file of files) rmSync(file);
  return { size, errors };
}

/** Into how many shards the parts beside a file divide the pictures. */
function countParts(out: string): number {
  const names = readdirSync(dirname(out)).filter((name) =>
    name.startsWith(`${basename(out)}.part-`),
  );
  const counts = names.flatMap(
    (name) => /-of-(\d+)\.jsonl$/.exec(name)?.slice(1).map(Number) ?? [],
  );
  const [count = 1, ...others] = [...new Set(counts)];
  if (others.length === 0) return count;
  throw new Problem(
    `Beside ${shownPath(out)} are parts of ${[count, ...others].sort((a, b) => a - b).join(' and of ')} shards.`,
    { remedy: 'Delete those that do not belong to it, then merge again.' },
  );
}

async function readHeader(file: string): Promise<PartHeader> {
  if (!existsSync(file)) {
    const remedy = 'Run its shard: the same command with --shard I/N.';
    throw new Problem(`${shownPath(file)} is missing.`, { remedy });
  }
  for await (const line of linesOf(file, 0)) return JSON.parse(line) as PartHeader;
  throw new Problem(`${shownPath(file)} is empty.`, {
    remedy: 'Delete it, and run its shard again.',
  });
}

async function checkHeader(file: string, expected: PartHeader): Promise<void> {
  const found = await readHeader(file);
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  const isSame = (key: 'model' | 'list') => found[key] === expected[key];
  const other = isSame('list') ? 'another --at-least' : 'other pictures';
  const what = isSame('model') ? other : 'another model';
  throw new Problem(`${shownPath(file)} was begun with ${what}.`, {
    remedy: `Delete ${shownPath(join(dirname(file), '*.part-*.jsonl'))} to begin again, or choose another --out.`,
  });
}

/** The lines behind the first one, without the last where a kill has cut it. */
async function* linesOf(file: string, skip = 1): AsyncGenerator<string> {
  let [rest, skipped] = ['', 0];
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (skipped++ >= skip) yield line;
  }
}
