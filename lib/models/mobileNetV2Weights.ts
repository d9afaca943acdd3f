/** Finds MobileNetV2's weights, in the same way as data sets are found. */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { kindOf, writeFileAtomic } from '../atomicFile';
import { sha256OfFile } from '../data/checksum';
import { downloadFile, downloadInto, type DownloadProgress } from '../data/download';
import { DownloadError } from '../data/downloadError';
import {
  abortSignal,
  callback,
  checkOptions,
  flag,
  oneOf,
  positiveInteger,
  rule,
  text,
} from '../options';
import { dataDirectory, environmentPath, isOffline } from '../project';
import { objectOf, text as someText } from '../schema';
import { countValues, type LayerWeights, readKerasH5 } from './kerasH5';

/** Found weights: which they are, for a run's record too. */
export interface MobileNetV2Weights {
  readonly path: string;
  /** The file's name. */
  readonly name: string;
  /** Downloaded from Keras by this project; brought by the user; or trained by this project itself. */
  readonly source: 'official' | 'file' | 'embedded';
  /** The width that the file's weights have. */
  readonly alpha: number;
  /** Whether the file holds ImageNet's 1000-class top. */
  readonly hasTop: boolean;
}

export interface ResolveWeightsOptions {
  /** `auto` (the default): see {@link resolveMobileNetV2Weights}; `embedded`: the project's own, at once, in its own width. */
  readonly source?: 'auto' | 'embedded';
  /** A file, or a folder with files named as Keras names them. It is used, or it is an error. */
  readonly path?: string;
  /** Width; default 1, and for a named file its own. */
  readonly alpha?: (typeof OFFICIAL_ALPHAS)[number];
  /** The size of the pictures; the checkpoint trained nearest to it is taken. Default 224. */
  readonly inputSize?: number;
  /** Whether the 1000-class top is wanted. Default false. */
  readonly includeTop?: boolean;
  /** Do not try to download; default: whether the environment says OFFLINE=1. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives what the user must know: the embedded backbone in place of ImageNet's. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
  /** Where downloads are kept; default: the project's `data/`. */
  readonly cacheDirectory?: string;
  /** Another place to download from, e.g. a mirror; default: Keras' own. */
  readonly baseUrl?: string;
}

/** Keras Applications, mobilenet_v2.py: the widths and sizes that it publishes. */
const OFFICIAL_ALPHAS = [0.35, 0.5, 0.75, 1, 1.3, 1.4] as const;
const OFFICIAL_SIZES = [96, 128, 160, 192, 224] as const;
const OFFICIAL_URL = 'https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/';
const FOLDER = 'mobilenet_v2';

/** This project's own backbone (data/README.md): alpha .35 without a top, trained on pictures that it drew. */
export const EMBEDDED_WEIGHTS = join('embedded', 'mobilenet_v2_0.35_no_top.h5');

/** Weights in a few words: the files of Keras have names such as `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5`. */
export function describeWeights({
  name,
  source,
}: Pick<MobileNetV2Weights, 'name' | 'source'>): string {
  const [, width, size] = /_([\d.]+)_(\d+)(?:_no_top)?\.h5$/.exec(name) ?? [];
  const short = size === undefined ? name : `MobileNetV2 ${width} for ${size} pixels`;
  return `${short} (${source === 'embedded' ? 'embedded, trained on generated pictures' : 'ImageNet'})`;
}

interface Request extends Omit<ResolveWeightsOptions, 'alpha'> {
  readonly alpha: number;
  readonly inputSize: number;
  readonly includeTop: boolean;
}

/**
 * Finds weights for MobileNetV2, in this order: `path`, the file or folder that `MOBILENETV2_DIR` names, the
 * cache `data/mobilenet_v2`, Keras' own place by download (2 to 30 MB), and, where that fails or is ruled
 * out and no top is wanted, the embedded backbone, with a notice.
 *
 * A path given by argument or environment variable is used or throws: there is no fallback. Every file is
 * opened and identified by its content, not by its name.
 *
 * @throws Error that says what was expected where and what was found: a truncated file, a web page, weights of
 *   another width or model; DownloadError where a top is wanted and cannot be had.
 */
export async function resolveMobileNetV2Weights(
  options: ResolveWeightsOptions = {},
): Promise<MobileNetV2Weights> {
  checkOptions('resolveMobileNetV2Weights', options, {
    source: oneOf('auto', 'embedded'),
    path: text,
    alpha: rule(`one of ${OFFICIAL_ALPHAS.join(', ')}`, '1', (value) =>
      (OFFICIAL_ALPHAS as readonly unknown[]).includes(value),
    ),
    inputSize: positiveInteger,
    includeTop: flag,
    offline: flag,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
    cacheDirectory: text,
    baseUrl: text,
  });
  const { alpha = 1, inputSize = 224, includeTop = false, source = 'auto' } = options;
  const request: Request = { ...options, alpha, inputSize, includeTop };
  const named = options.path ?? environmentPath('MOBILENETV2_DIR');
  if (options.path === undefined && source === 'embedded') return embedded(request);
  if (named !== undefined) return resolveNamed(named, request, options.alpha);
  return (await findCached(request)) ?? downloadOrEmbedded(request);
}

/** A file is taken for what it is; in a folder the file for the wanted width and the nearest size is chosen. */
async function resolveNamed(
  place: string,
  request: Request,
  wantedAlpha: number | undefined,
): Promise<MobileNetV2Weights> {
  const kind = await kindOf(place);
  if (kind !== 'folder') return openFile(place, 'file', { ...request, alpha: wantedAlpha });
  const present = await readdir(place);
  const name = candidates(request).find((candidate) => present.includes(candidate));
  if (name !== undefined) return openFile(join(place, name), 'file', request);
  const files = present.filter((file) => file.endsWith('.h5'));
  throw new Error(
    `Expected ${candidates(request)[0]} in ${place} but found ` +
      `${files.length > 0 ? files.join(', ') : 'no .h5 file'}: get it from ${OFFICIAL_URL}, ` +
      `or name another file or folder with --weights or MOBILENETV2_DIR.`,
  );
}

/** The file that an earlier call downloaded or the user put there; the exact name only. */
async function findCached(request: Request): Promise<MobileNetV2Weights | undefined> {
  const path = cachePath(request);
  if ((await kindOf(path)) === undefined) return undefined;
  const found = await openFile(path, 'file', request, `delete ${path} and run again`);
  return { ...found, source: (await isAsDownloaded(path)) ? 'official' : 'file' };
}

async function downloadOrEmbedded(request: Request): Promise<MobileNetV2Weights> {
  const { includeTop, onNotice = console.warn } = request;
  const { cacheDirectory = dataDirectory() } = request;
  try {
    return await downloadInto(cacheDirectory, "MobileNetV2's weights", {
      download: (directory) => download({ ...request, cacheDirectory: directory }),
      onNotice,
    });
  } catch (error) {
    const isOutOfReach =
      error instanceof DownloadError && ['unreachable', 'refused'].includes(error.failure);
    if (!isOutOfReach || includeTop) throw error;
    const weights = await embedded(request).catch(() => {
      throw error; // only the official weights would help
    });
    onNotice(
      `ImageNet's weights could not be loaded: using the EMBEDDED BACKBONE (alpha ${weights.alpha}), which this ` +
        `project trained on pictures that it drew. (${error.message})`,
    );
    return weights;
  }
}

/** Downloads to a temporary name, verifies the content, and only then renames the file and writes its record. */
async function download(request: Request): Promise<MobileNetV2Weights> {
  const { offline = isOffline(), baseUrl = OFFICIAL_URL, signal, onProgress } = request;
  const path = cachePath(request);
  const url = new URL(basename(path), baseUrl).href;
  const remedy = `download ${url} elsewhere and name its path with --weights or MOBILENETV2_DIR`;
  if (offline) {
    throw new DownloadError(
      'unreachable',
      `Expected MobileNetV2's weights in ${path} but there is nothing, ` +
        `and downloading was ruled out (offline): ${remedy}.`,
    );
  }
  const unverified = `${path}.unverified`;
  await downloadFile(url, unverified, { signal, onProgress, remedy });
  const source = url.startsWith(OFFICIAL_URL) ? 'official' : 'file';
  const found = await openFile(unverified, source, request, remedy).catch(
    async (error: unknown) => {
      await rm(unverified, { force: true });
      throw new DownloadError('wrong content', (error as Error).message, { cause: error });
    },
  );
  const record = { url, sha256: await sha256OfFile(unverified) };
  await rename(unverified, path);
  await writeFileAtomic(recordPath(path), `${JSON.stringify(record, null, 2)}\n`);
  return { ...found, path, name: basename(path) };
}

/** The embedded weights in their only width, whatever width is requested. */
async function embedded(request: Request): Promise<MobileNetV2Weights> {
  if (request.includeTop) {
    throw new Error(
      `Expected weights with ImageNet's 1000 classes but the embedded backbone has none: ` +
        `run with a network, or name a file with --weights or MOBILENETV2_DIR.`,
    );
  }
  return openFile(join(dataDirectory(), EMBEDDED_WEIGHTS), 'embedded', { includeTop: false });
}

/** Identifies the weights in a file, and throws if they are not the requested ones. */
async function openFile(
  path: string,
  source: MobileNetV2Weights['source'],
  { alpha, includeTop }: { readonly alpha?: number; readonly includeTop: boolean },
  remedy = 'choose another file or another alpha',
): Promise<MobileNetV2Weights> {
  const found = await identifyMobileNetV2(path);
  const name = basename(path);
  if (alpha !== undefined && found.alpha !== alpha) {
    throw new Error(
      `Expected MobileNetV2 weights of alpha ${alpha} in ${path} but found alpha ${found.alpha}: ${remedy}.`,
    );
  }
  if (includeTop && !found.hasTop) {
    throw new Error(
      `Expected MobileNetV2 weights with their top in ${path} but found none ("no_top"): ${remedy}.`,
    );
  }
  return { path, name, source, ...found };
}

/** Suitable Keras file names, best first: by how close their input size is to the image size. */
function candidates({ alpha, inputSize, includeTop }: Request): string[] {
  const sizes = [...OFFICIAL_SIZES].sort(
    (a, b) => Math.abs(a - inputSize) - Math.abs(b - inputSize) || b - a,
  );
  const width = Number.isInteger(alpha) ? alpha.toFixed(1) : String(alpha);
  return sizes.flatMap((size) => {
    const name = `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${width}_${size}`;
    // A file with the top serves without it too.
    return includeTop ? [`${name}.h5`] : [`${name}_no_top.h5`, `${name}.h5`];
  });
}

function cachePath(request: Request): string {
  return join(request.cacheDirectory ?? dataDirectory(), FOLDER, candidates(request)[0]);
}

function recordPath(path: string): string {
  return `${path}.json`;
}

const downloadRecord = objectOf<{ url: string; sha256: string }>({
  url: someText,
  sha256: someText,
});

/** Whether the file is, byte for byte, what this project downloaded from Keras. */
async function isAsDownloaded(path: string): Promise<boolean> {
  try {
    const json = await readFile(recordPath(path), 'utf8');
    const { url, sha256 } = downloadRecord(JSON.parse(json), '');
    return url.startsWith(OFFICIAL_URL) && sha256 === (await sha256OfFile(path));
  } catch {
    return false; // no record, or an unreadable one: the user put the file there
  }
}

/** Which MobileNetV2 a file of weights belongs to. */
export interface MobileNetV2Identity {
  readonly alpha: number;
  /** Whether the 1000-class top is in the file. */
  readonly hasTop: boolean;
}

/** Keras' `count_params()` of MobileNetV2 without its top: no two widths share a number. */
const PARAMETERS: Readonly<Record<number, number>> = {
  410_208: 0.35,
  706_224: 0.5,
  1_382_064: 0.75,
  2_257_984: 1,
  3_766_048: 1.3,
  4_363_712: 1.4,
};

/** 52 convolutions, each with its batch norm. */
const BACKBONE_LAYERS = 104;

/**
 * Says which MobileNetV2 the weights in a Keras .h5 file belong to, by what it holds and not by its name.
 *
 * @throws Error that says what the file is instead.
 */
export async function identifyMobileNetV2(path: string): Promise<MobileNetV2Identity> {
  const file = await readKerasH5(path);
  // Not by the layers' names, which Keras Applications has changed without rewriting its files.
  const layers = [...file.layers].filter(([, weights]) => weights.size > 0);
  const backbone = layers.filter(([, weights]) => !isDense(weights));
  const parameters = backbone.reduce((sum, [, weights]) => sum + countValues(weights), 0);
  const alpha = PARAMETERS[parameters];
  if (alpha === undefined || backbone.length !== BACKBONE_LAYERS) {
    const names = layers.slice(0, 3).map(([name]) => name);
    throw new Error(
      `Expected the weights of MobileNetV2 (alpha ${Object.values(PARAMETERS).sort().join(', ')}) in ${path} ` +
        `but found ${parameters.toLocaleString('en-US')} parameters in ${layers.length} layers ` +
        `(${names.join(', ')}, …): choose a file of Keras' MobileNetV2.`,
    );
  }
  const top = layers.find(([, weights]) => isDense(weights))?.[1];
  return { alpha, hasTop: top?.get('kernel')?.shape[1] === 1000 };
}

/** The top's only layer; a convolution's kernel has four dimensions. */
function isDense(weights: LayerWeights): boolean {
  return weights.get('kernel')?.shape.length === 2;
}
