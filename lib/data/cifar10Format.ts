/**
 * CIFAR-10 in its binary version (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html):
 * 50,000 training and 10,000 test pictures of 32×32, ten classes.
 */
import { sha256 } from './checksum';
import {
  createDataset,
  type DatasetSource,
  type DatasetSplits,
  fingerprintDataset,
  type ImageDataset,
} from './dataset';

/** In the order of the labels; `batches.meta.txt` of the archive lists the same. */
export const CIFAR10_CLASS_NAMES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

const TRAIN_FILES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);
const TEST_FILE = 'test_batch.bin';
export const CIFAR10_FILES: readonly string[] = [...TRAIN_FILES, TEST_FILE];
/** The name of the folder inside the archive, and of the cache. */
export const CIFAR10_FOLDER = 'cifar-10-batches-bin';

const SIDE = 32;
const PLANE_BYTES = SIDE * SIDE;
const IMAGE_BYTES = 3 * PLANE_BYTES;
const RECORD_BYTES = 1 + IMAGE_BYTES;
const RECORDS_PER_FILE = 10_000;
/** The exact size of each of the six files. */
export const CIFAR10_FILE_BYTES = RECORDS_PER_FILE * RECORD_BYTES;

export interface Cifar10Batch {
  /** uint8 [size, 32, 32, 3] (NHWC), RGB. */
  readonly images: Uint8Array;
  /** [size], 0…9. */
  readonly labels: Int32Array;
  readonly size: number;
}

export interface ParseCifar10Options {
  /** Named in errors. */
  readonly fileName: string;
  /** What to do about a broken file: ends the message of an error. */
  readonly remedy?: string;
}

/**
 * Parses the bytes of one batch file; pure. A file is a row of records without header or padding:
 *
 *   byte 0           label, 0…9
 *   bytes 1…1024     the red plane, 32 rows of 32 pixels from the top left
 *   bytes 1025…2048  the green plane
 *   bytes 2049…3072  the blue plane
 *
 * so pictures are channel-major (CHW) and become NHWC here.
 *
 * @throws Error that names the file: for a length that is no multiple of 3073, for a label above 9.
 */
export function parseCifar10Batch(bytes: Uint8Array, options: ParseCifar10Options): Cifar10Batch {
  const { fileName, remedy = 'delete it and run "npm start" again' } = options;
  if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0) {
    throw new Error(
      `Expected a multiple of ${RECORD_BYTES} bytes but found ${bytes.length} in ${fileName}: ${remedy}.`,
    );
  }
  const size = bytes.length / RECORD_BYTES;
  const batch = { images: new Uint8Array(size * IMAGE_BYTES), labels: new Int32Array(size), size };
  decodeRecords(bytes, batch, { fileName, remedy });
  return batch;
}

/** Decodes records into `images` and `labels`, which are as long as `bytes` has records. */
function decodeRecords(
  bytes: Uint8Array,
  { images, labels }: Pick<Cifar10Batch, 'images' | 'labels'>,
  { fileName, remedy }: Required<ParseCifar10Options>,
): void {
  let output = 0;
  for (let record = 0; record < labels.length; record++) {
    const start = record * RECORD_BYTES;
    const label = bytes[start];
    if (label >= CIFAR10_CLASS_NAMES.length) {
      throw new Error(
        `Expected a label from 0 to 9 but found ${label} in record ${record} of ${fileName}: ${remedy}.`,
      );
    }
    labels[record] = label;
    const end = start + 1 + PLANE_BYTES;
    for (let red = start + 1; red < end; red++) {
      images[output++] = bytes[red];
      images[output++] = bytes[red + PLANE_BYTES];
      images[output++] = bytes[red + 2 * PLANE_BYTES];
    }
  }
}

/** Where the six files are read from: a folder or an archive. */
export interface Cifar10Files {
  /** The folder or archive in words, for errors. */
  readonly place: string;
  /** What to do about a broken file: ends the message of an error. */
  readonly remedy: string;
  readonly source: DatasetSource;
  readonly read: (fileName: string) => Promise<Uint8Array>;
}

/**
 * The two sets from the six files, which must be whole.
 *
 * @throws Error that names the file that is cut or holds something else.
 */
export async function assembleCifar10(files: Cifar10Files): Promise<DatasetSplits> {
  const trainSet = await assembleSet(files, TRAIN_FILES);
  const testSet = await assembleSet(files, [TEST_FILE], trainSet.size);
  return {
    name: trainSet.name,
    source: trainSet.source,
    trainSet,
    testSet,
    sourceSha256: await sha256(Buffer.from([trainSet, testSet].map(fingerprintDataset).join())),
    isCifar10: true,
  };
}

async function assembleSet(
  files: Cifar10Files,
  fileNames: readonly string[],
  firstNumber = 0,
): Promise<ImageDataset> {
  const size = fileNames.length * RECORDS_PER_FILE;
  const images = new Uint8Array(size * IMAGE_BYTES); // once: 154 MB for the training set
  const labels = new Int32Array(size);
  for (const [index, name] of fileNames.entries()) {
    const fileName = `${files.place}/${name}`;
    const bytes = await files.read(name);
    if (bytes.length !== CIFAR10_FILE_BYTES) {
      throw new Error(
        `Expected ${CIFAR10_FILE_BYTES} bytes (${RECORDS_PER_FILE} records of ${RECORD_BYTES}) ` +
          `but found ${bytes.length} in ${fileName}: ${files.remedy}.`,
      );
    }
    const first = index * RECORDS_PER_FILE;
    const end = first + RECORDS_PER_FILE;
    const part = {
      images: images.subarray(first * IMAGE_BYTES, end * IMAGE_BYTES),
      labels: labels.subarray(first, end),
    };
    decodeRecords(bytes, part, { fileName, remedy: files.remedy });
  }
  return createDataset({
    name: 'CIFAR-10',
    source: files.source,
    images,
    labels,
    classNames: CIFAR10_CLASS_NAMES,
    height: SIDE,
    width: SIDE,
    numbers: Uint32Array.from({ length: size }, (_, index) => firstNumber + index),
  });
}
