/** What a person has decided about single pictures: another class, or left out. One small file; no picture is deleted. */
import { readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { errorCode, fileError, writeFileAtomicSync } from '../atomicFile';
import { listOf, nullable, objectOf, text } from '../schema';
import { sha256Of } from './checksum';
import {
  type AppliedCorrections,
  type DatasetSplits,
  type ImageDataset,
  imageOf,
  select,
} from './dataset';

/** In a folder of pictures, beside its class folders. */
export const CORRECTIONS_FILE = 'corrections.json';

/** One decision. */
export interface Correction {
  /** A file's path in its folder, with `/`; of CIFAR-10 the picture's number (`ImageDataset.numbers`). */
  readonly picture: string;
  /** SHA-256, hexadecimal, of the file's bytes; of CIFAR-10 of the picture's values (RGB, row by row). */
  readonly sha256: string;
  /** What is done: the class that it gets, or null where it is left out. */
  readonly label: string | null;
}

const fileSchema = objectOf<{ corrections: Correction[] }>({
  corrections: listOf(objectOf<Correction>({ picture: text, sha256: text, label: nullable(text) })),
});

/** Decisions that wait for their pictures. */
export class Corrections {
  private readonly counts = { relabelled: 0, dropped: 0 };
  private readonly unused: Map<string, Correction>;

  constructor(
    readonly list: readonly Correction[],
    private readonly of: Pick<AppliedCorrections, 'file' | 'sha256'> & {
      classNames: readonly string[];
    },
  ) {
    this.unused = new Map(list.map((each) => [each.picture, each]));
  }

  /**
   * The label of a picture: that of its correction, its own where there is none, undefined where it is dropped. A
   * correction of a picture that has changed counts for nothing.
   *
   * @param content what the hash is of; only asked for where there is a correction.
   */
  labelOf(picture: string, label: number, content: () => Uint8Array): number | undefined {
    const correction = this.unused.get(picture);
    if (correction === undefined || !isOf(correction, content)) return label;
    this.unused.delete(picture);
    if (correction.label === null) {
      this.counts.dropped++;
      return undefined;
    }
    const corrected = this.of.classNames.indexOf(correction.label);
    if (corrected !== label) this.counts.relabelled++;
    return corrected;
  }

  /** Of pictures that are not looked at now: theirs are not void. */
  leaveOut(pictures: Iterable<string>): void {
    for (const picture of pictures) this.unused.delete(picture);
  }

  /** Once all pictures were asked about: says what was done, and which corrections found no picture. */
  finish(onNotice: (notice: string) => void): AppliedCorrections {
    const { file, sha256 } = this.of;
    const { relabelled, dropped } = this.counts;
    if (relabelled + dropped > 0) {
      onNotice(`Pictures relabelled: ${relabelled}, dropped: ${dropped}, as ${file} says.`);
    }
    const unused = [...this.unused.keys()];
    if (unused.length > 0) {
      onNotice(
        `Void corrections in ${file}, whose pictures are gone or have changed: ${unused.length}, ` +
          `${unused.slice(0, 5).join(', ')}${unused.length > 5 ? ', …' : ''}. Decide again, or remove their entries.`,
      );
    }
    return { file, relabelled, dropped, sha256 };
  }
}

/**
 * Reads a file of corrections; none where it does not exist.
 *
 * @throws Error that names the file: for one that is malformed, or that names a class which the data do not have.
 */
export function readCorrections(
  file: string,
  { classNames }: { readonly classNames: readonly string[] },
): Corrections {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT')
      return new Corrections([], { file, sha256: null, classNames });
    throw fileError(error, `read ${file}`);
  }
  try {
    const { corrections } = fileSchema(JSON.parse(bytes.toString('utf8')), '');
    for (const { picture, label } of corrections) {
      if (label === null || classNames.includes(label)) continue;
      const expected = `null or one of ${classNames.join(', ')}`;
      throw new Error(`Expected the label of ${picture} to be ${expected} but received ${label}`);
    }
    return new Corrections(corrections, { file, sha256: sha256Of(bytes), classNames });
  } catch (error) {
    throw new Error(
      `${(error as Error).message} in ${file}: correct that entry, or move the file away to load the data as they were.`,
    );
  }
}

/** Writes the decisions, one a line, sorted by picture. */
export function saveCorrections(file: string, list: readonly Correction[]): void {
  const by = (a: Correction, b: Correction) =>
    a.picture.localeCompare(b.picture, 'en', { numeric: true });
  const lines = [...list].sort(by).map((each) => `\n    ${JSON.stringify(each)}`);
  writeFileAtomicSync(file, `{\n  "corrections": [${lines.join(',')}\n  ]\n}\n`);
}

/** CIFAR-10 with its corrections: its sets, and a checksum of their own. */
export function correctDataset(
  splits: DatasetSplits,
  file: string,
  onNotice: (notice: string) => void = console.warn,
): DatasetSplits {
  const waiting = readCorrections(file, splits.trainSet);
  const correct = (set: ImageDataset): ImageDataset => {
    if (waiting.list.length === 0) return set;
    const labels = Array.from(set.labels, (label, index) =>
      waiting.labelOf(String(set.numbers?.[index]), label, () => imageOf(set, index)),
    );
    const kept = [...labels.keys()].filter((index) => labels[index] !== undefined);
    return {
      ...select(set, kept),
      labels: Int32Array.from(kept, (index) => Number(labels[index])),
    };
  };
  const [trainSet, testSet] = [splits.trainSet, splits.testSet].map(correct);
  const corrections = waiting.finish(onNotice);
  const sourceSha256 = correctedSha256(splits.sourceSha256 ?? '', corrections);
  return { ...splits, trainSet, testSet, corrections, sourceSha256 };
}

/** What a file of a folder is called in its corrections. */
export function pictureKey(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** The checksum of data and of what was corrected in them. */
export function correctedSha256(source: string, applied: AppliedCorrections): string {
  const isCorrected = applied.relabelled + applied.dropped > 0;
  return isCorrected ? sha256Of(`${source}\n${applied.sha256}`) : source;
}

function isOf({ sha256 }: Correction, content: () => Uint8Array): boolean {
  try {
    return sha256Of(content()) === sha256;
  } catch {
    return false; // a file that cannot be read: the loading of pictures says why
  }
}
