/**
 * A classifier on ONNX Runtime, without TensorFlow: from its folder, or from an .onnx file.
 *
 * The first prediction of a saved classifier makes its .onnx and keeps it beside `model.json`, under a name that says of which:
 * a classifier that is saved again, by whatever version, has another one. It may be deleted at any time.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { kindOf, readWholeFile, writeFileAtomic } from '../atomicFile';
import { sha256Of } from '../data/checksum';
import { checkPreprocess } from '../data/preprocess';
import type { Classifier } from '../models/classifier';
import { parseMetadata, readModelJson, readSavedModel } from '../models/modelJson';
import { ownVersion } from '../project';
import { listOf, text } from '../schema';
import { createOnnxSession, type OnnxSession, onnxRuntimeVersion, REMEDY } from './runtime';

/** What predicts, and what its outputs mean. The caller disposes the session. */
export interface OnnxClassifier extends Pick<Classifier, 'classNames' | 'preprocess'> {
  readonly session: OnnxSession;
}

/**
 * Loads what `saveClassifier` wrote. Where nothing can be kept in its folder, the .onnx is made each time.
 *
 * @param options.onNotice receives that a kept file is damaged, which is then made again.
 * @throws Error where ONNX Runtime does not load, a layer is unknown, or the folder holds no classifier.
 */
export async function loadOnnxClassifier(
  directory: string,
  { onNotice }: { readonly onNotice: (notice: string) => void },
): Promise<OnnxClassifier> {
  await onnxRuntimeVersion(); // first: where it does not load, a kept file is not to blame
  const path = join(directory, 'model.json');
  const json = await readModelJson(path);
  const { classNames, preprocess } = parseMetadata(json.userDefinedMetadata, path);
  const key = sha256Of(JSON.stringify([json, ownVersion()]));
  const file = join(directory, `predict-${key.slice(0, 16)}.onnx`);
  const session = (await openKept(file, onNotice)) ?? (await makeKept(directory, file));
  return { classNames, preprocess, session };
}

const KEPT_NAME = /^predict-[0-9a-f]{16}\.onnx$/;

async function openKept(
  file: string,
  onNotice: (notice: string) => void,
): Promise<OnnxSession | undefined> {
  if ((await kindOf(file)) === undefined) return undefined;
  try {
    return await createOnnxSession(file);
  } catch {
    onNotice(`${file} is damaged: it is made again from model.json and its weights.`);
    return undefined;
  }
}

async function makeKept(directory: string, file: string): Promise<OnnxSession> {
  const { json, metadata, weights: weightData } = await readSavedModel(directory);
  const { modelTopology: topology, generatedBy, weightsManifest } = json;
  const [{ weights: weightSpecs }] = weightsManifest;
  // Loaded only now: most predictions find the file.
  const { createOnnxModel } = await import('./exportOnnx.js');
  const { encodeModel } = await import('./format.js');
  const network = { topology, generatedBy, weightSpecs, weightData };
  const bytes = encodeModel(createOnnxModel({ ...metadata, network }));
  const session = await createOnnxSession(bytes);
  await keep(file, bytes, directory).catch(() => undefined); // read-only, full: the next one makes it again
  return session;
}

async function keep(file: string, bytes: Uint8Array, directory: string): Promise<void> {
  const before = await readdir(directory);
  await writeFileAtomic(file, bytes);
  for (const stale of before.filter((name) => KEPT_NAME.test(name))) {
    if (join(directory, stale) !== file) await rm(join(directory, stale), { force: true });
  }
}

/**
 * Loads an .onnx file that `exportOnnx` wrote.
 *
 * @throws Error where it is missing, cut, no ONNX file, or another program's.
 */
export async function readOnnxClassifier(file: string): Promise<OnnxClassifier> {
  const bytes = await readWholeFile(file);
  const { decodeMetadata } = await import('./format.js');
  const metadata = decodeMetadata(bytes);
  const read = <T>(name: string, check: (value: unknown) => T): T => {
    try {
      return check(JSON.parse(metadata?.[name] ?? 'null'));
    } catch {
      throw new Error(
        `Expected an ONNX model with ${name} in its metadata in ${file} but found ` +
          `${metadata === undefined ? 'a file of another kind, or a part of one' : 'none'}. ${REMEDY}`,
      );
    }
  };
  const classNames = read('classNames', (value) => listOf(text)(value, 'classNames'));
  const preprocess = read('preprocess', (value) => checkPreprocess(value));
  return { classNames, preprocess, session: await createOnnxSession(file) };
}
