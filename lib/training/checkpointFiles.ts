/**
 * Checkpoints on disk. A folder holds numbered checkpoints, of which the two newest are kept:
 *
 *     checkpoint-000012/state.json     { sha256, state }: the checksum of the state's own JSON text, and the state
 *                       training.bin   the tensors' bytes one after the other, little-endian, no header
 *                       best.bin       likewise; only where the best epoch's weights are kept
 *
 * Each is written under a temporary name, flushed to the disk and renamed: a kill or a power cut at any instant leaves
 * the earlier ones as they were. Every byte is covered by a checksum.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileError, writeFolderAtomic } from '../atomicFile';
import { sha256Of } from '../data/checksum';
import {
  anything,
  count,
  listOf,
  objectOf,
  oneOf,
  recordOf,
  type Schema,
  SchemaError,
  text,
} from '../schema';
import type { TensorValue } from './modelState';

/** The format's version: a reader refuses any other. */
const CHECKPOINT_SCHEMA_VERSION = 2;

/** Tensors by group; each group is a file. */
export type TensorGroups = Readonly<Record<string, readonly TensorValue[]>>;

/** What one checkpoint holds; `state` is plain JSON. */
export interface CheckpointContent<State> {
  readonly state: State;
  readonly tensors: TensorGroups;
}

/** What is known of a group's file. */
export interface GroupRecord {
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly tensors: readonly Omit<TensorValue, 'values'>[];
}

/** The content of state.json. */
export interface StateFile {
  readonly schemaVersion: number;
  readonly savedAt: string;
  readonly files: Readonly<Record<string, GroupRecord>>;
  readonly state: unknown;
}

const groupFields: Schema<GroupRecord> = objectOf<GroupRecord>({
  sizeBytes: count,
  sha256: text,
  tensors: listOf(
    objectOf<GroupRecord['tensors'][number]>({
      name: text,
      dtype: oneOf('float32', 'int32'),
      shape: listOf(count),
    }),
  ),
});

/** The tensors, four bytes a number, fill their file. */
const groupSchema: Schema<GroupRecord> = (value, place) => {
  const group = groupFields(value, place);
  const bytes = group.tensors.map(({ shape }) => shape.reduce((size, side) => size * side, 4));
  const expected = bytes.reduce((sum, size) => sum + size, 0);
  if (expected === group.sizeBytes) return group;
  throw new SchemaError(`${place}.sizeBytes`, `${expected}, as its tensors are`, group.sizeBytes);
};

const stateFileSchema: Schema<StateFile> = objectOf<StateFile>({
  schemaVersion: count,
  savedAt: text,
  files: recordOf(groupSchema),
  state: anything,
});

const objectWithVersion = objectOf<Pick<StateFile, 'schemaVersion'>>({ schemaVersion: count });
const KEPT = 2;
const FOLDER = /^checkpoint-(\d{6,})$/;
/** What a killed process left behind; the name is that of writeFolderAtomic. */
const LEFTOVER = /^\.checkpoint-\d+\.tmp-/;

/**
 * Makes the folder, and clears what a killed process left in it: one training writes there at a time.
 *
 * @throws Error where it cannot be made or read.
 */
export async function prepareCheckpointFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    for (const name of await readdir(directory)) {
      if (LEFTOVER.test(name)) await rm(join(directory, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw fileError(error, `keep checkpoints in ${directory}`);
  }
}

/**
 * Adds a checkpoint, and removes all but the two newest once it is safely there.
 *
 * @param directory exists: a folder that was deleted meanwhile is an error and is not recreated.
 * @throws Error that says why it could not be written; the earlier checkpoints are as they were.
 */
export async function writeCheckpoint<State>(
  directory: string,
  { state, tensors }: CheckpointContent<State>,
): Promise<void> {
  const present = await checkpointFolders(directory);
  const folder = join(directory, checkpointName(newestNumber(present) + 1));
  await writeFolderAtomic(folder, async (temporary) => {
    const files: Record<string, GroupRecord> = {};
    for (const [group, values] of Object.entries(tensors)) {
      files[group] = await writeTensors(join(temporary, `${group}.bin`), values);
    }
    const content: StateFile = {
      schemaVersion: CHECKPOINT_SCHEMA_VERSION,
      savedAt: new Date().toISOString(),
      files,
      state,
    };
    await writeFile(join(temporary, 'state.json'), sealJson(content));
  });
  for (const name of present.slice(0, -(KEPT - 1))) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

/**
 * Reads the newest checkpoint.
 *
 * @param checkState throws a SchemaError for an invalid state; by default every state is accepted.
 * @returns undefined where there is none.
 * @throws Error that names the file if it is truncated, modified or of another version, and says what to do.
 */
export async function readNewestCheckpoint<State>(
  directory: string,
  checkState: (state: unknown) => State = (state) => state as State,
): Promise<CheckpointContent<State> | undefined> {
  const present = await checkpointFolders(directory);
  const newest = present.pop();
  if (newest === undefined) return undefined;
  const folder = join(directory, newest);
  const remedy =
    `delete the folder ${folder} to ` +
    (present.length > 0 ? `resume from the earlier ${present.pop()}` : 'start over');

  const place = { path: join(folder, 'state.json'), remedy };
  const content = unsealJson(await readPart(place.path, remedy), place);
  const { schemaVersion } = checked(() => objectWithVersion(content, ''), place);
  if (schemaVersion !== CHECKPOINT_SCHEMA_VERSION) {
    throw new Error(
      `Expected a checkpoint of version ${CHECKPOINT_SCHEMA_VERSION} in ${folder} but found version ` +
        `${schemaVersion}: resume it with the version of this project that wrote it, or ${remedy}.`,
    );
  }
  const { files, state } = checked(() => {
    const file = stateFileSchema(content, '');
    return { files: file.files, state: checkState(file.state) };
  }, place);
  const tensors: Record<string, TensorValue[]> = {};
  for (const [group, record] of Object.entries(files)) {
    const path = join(folder, `${group}.bin`);
    tensors[group] = parseTensors(await readPart(path, remedy), record, { path, remedy });
  }
  return { state, tensors };
}

/** The names of the checkpoints' folders, oldest first. */
async function checkpointFolders(directory: string): Promise<string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => FOLDER.test(name));
    return names.sort((a, b) => checkpointNumber(a) - checkpointNumber(b));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read the folder ${directory}`);
    throw new Error(
      `Expected the checkpoint folder ${directory} to be there but it has vanished: ` +
        'put it back, or choose another one.',
      { cause: error },
    );
  }
}

function checkpointNumber(name: string): number {
  return Number(FOLDER.exec(name)?.[1] ?? 0);
}

function newestNumber(folders: readonly string[]): number {
  return folders.length === 0 ? 0 : checkpointNumber(folders[folders.length - 1]);
}

function checkpointName(number: number): string {
  return `checkpoint-${String(number).padStart(6, '0')}`;
}

/** Writes tensor after tensor: no second copy of all of them in memory. */
async function writeTensors(path: string, tensors: readonly TensorValue[]): Promise<GroupRecord> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx');
  try {
    for (const { values } of tensors) {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      hash.update(bytes);
      await file.writeFile(bytes);
      sizeBytes += bytes.length;
    }
  } finally {
    await file.close();
  }
  return {
    sizeBytes,
    sha256: hash.digest('hex'),
    tensors: tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
  };
}

interface Place {
  readonly path: string;
  readonly remedy: string;
}

async function readPart(path: string, remedy: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read ${path}`);
    throw damaged({ path, remedy }, 'a file', 'none');
  }
}

function parseTensors(bytes: Buffer, record: GroupRecord, place: Place): TensorValue[] {
  if (bytes.length !== record.sizeBytes) {
    throw damaged(place, `${record.sizeBytes} bytes`, `${bytes.length}`);
  }
  const sha256 = sha256Of(bytes);
  if (sha256 !== record.sha256) throw damaged(place, `sha256 ${record.sha256}`, sha256);

  let offset = 0;
  return record.tensors.map(({ name, dtype, shape }) => {
    const length = shape.reduce((product, side) => product * side, 1);
    // A copy of its own: a Buffer may start anywhere, a Float32Array only at multiples of 4.
    const part = Uint8Array.from(bytes.subarray(offset, offset + length * 4)).buffer;
    offset += length * 4;
    const values = dtype === 'int32' ? new Int32Array(part) : new Float32Array(part);
    return { name, dtype, shape, values };
  });
}

/** JSON with a checksum of itself. */
function sealJson(content: StateFile): string {
  const text = JSON.stringify(content);
  const sha256 = sha256Of(text);
  return `{"sha256":"${sha256}","content":${text}}\n`;
}

function unsealJson(bytes: Buffer, place: Place): unknown {
  const text = bytes.toString('utf8');
  const match = /^\{"sha256":"([0-9a-f]{64})","content":(.*)\}\n$/s.exec(text);
  if (match === null)
    throw damaged(place, 'the state of a training', `${bytes.length} other bytes`);
  const sha256 = sha256Of(match[2]);
  if (sha256 !== match[1]) throw damaged(place, `sha256 ${match[1]}`, sha256);
  try {
    return JSON.parse(match[2]) as unknown;
  } catch {
    throw damaged(place, 'the state of a training', 'no JSON');
  }
}

function checked<T>(check: () => T, { path, remedy }: Place): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new Error(`${error.message} in ${path}: the checkpoint is damaged; ${remedy}.`, {
      cause: error,
    });
  }
}

function damaged({ path, remedy }: Place, expected: string, found: string): Error {
  return new Error(
    `Expected ${expected} in ${path} but found ${found}: the checkpoint is damaged; ${remedy}.`,
  );
}
