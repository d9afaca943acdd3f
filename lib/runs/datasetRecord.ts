// Which data a run used: how its record describes them, and how another run's data differ.
import { fingerprintDataset, type DatasetSplits, type ImageDataset } from '../data/dataset';
import type { DatasetRecord } from './runRecord';

/** What a run remembers of its data: `DatasetSplits`, with the validation set that was split off. */
export type RecordedSplits = Pick<
  DatasetSplits,
  'name' | 'source' | 'sourceSha256' | 'filesSha256' | 'corrections'
> & {
  readonly trainSet: RecordedPart & Pick<ImageDataset, 'classNames'>;
  readonly valSet?: RecordedPart;
  readonly testSet: RecordedPart;
};

/** A data set; where it is a mere number of pictures, there is no checksum. */
type RecordedPart = Pick<ImageDataset, 'size'> &
  Partial<Pick<ImageDataset, 'images' | 'labels' | 'height' | 'width'>>;

const parts = { train: 'training', val: 'validation', test: 'test' } as const;

/** What run.json says of the data. Reads every byte of them: CIFAR-10 takes some tenths of a second. */
export function recordDataset(splits: RecordedSplits): DatasetRecord {
  const { name, source, trainSet, valSet, testSet } = splits;
  const { sourceSha256 = null, filesSha256 = null } = splits;
  const { relabelled = 0, dropped = 0, sha256 = null } = splits.corrections ?? {};
  return {
    name,
    source,
    classNames: trainSet.classNames,
    counts: { train: trainSet.size, val: valSet?.size ?? 0, test: testSet.size },
    sha256: {
      source: sourceSha256,
      files: filesSha256,
      train: checksum(trainSet),
      val: valSet ? checksum(valSet) : null,
      test: checksum(testSet),
    },
    corrections: sha256 === null ? null : { relabelled, dropped, sha256 },
  };
}

function checksum(part: RecordedPart): string | null {
  return part.images && part.labels ? fingerprintDataset(part as ImageDataset) : null;
}

/** `CIFAR-10 (official): 45,000 training, 5,000 validation and 10,000 test images in 10 classes`. */
export function describeRecordedDataset({
  name,
  source,
  classNames,
  counts,
  corrections,
}: DatasetRecord): string {
  const [train, val, test] = [counts.train, counts.val, counts.test].map(formatCount);
  return (
    `${name} (${source}): ${train} training, ${val} validation and ${test} test images ` +
    `in ${classNames.length} classes` +
    (corrections ? `, ${corrections.relabelled} relabelled and ${corrections.dropped} dropped` : '')
  );
}

/**
 * What is different between the data of two runs; none where all is the same, or where what is compared was not
 * recorded.
 *
 * @returns one sentence for each difference.
 */
export function datasetDifferences(before: DatasetRecord, now: DatasetRecord): string[] {
  const lines: string[] = [];
  const [nameThen, nameNow] = [before, now].map(({ name, source }) => `${name} (${source})`);
  if (nameThen !== nameNow) lines.push(`The data: ${nameThen} then, ${nameNow} now.`);
  const [classesThen, classesNow] = [before, now].map(({ classNames }) => classNames.join(', '));
  if (classesThen !== classesNow)
    lines.push(`The classes: ${classesThen} then, ${classesNow} now.`);
  for (const part of ['train', 'val', 'test'] as const) {
    const [countThen, countNow] = [before.counts[part], now.counts[part]];
    const [hashThen, hashNow] = [before.sha256?.[part], now.sha256?.[part]];
    if (countThen !== countNow) {
      lines.push(
        `The ${parts[part]} set: ${formatCount(countThen)} pictures then, ${formatCount(countNow)} now.`,
      );
    } else if (hashThen && hashNow && hashThen !== hashNow) {
      const [short, shortNow] = [hashThen, hashNow].map((hash) => hash.slice(0, 10));
      lines.push(
        `The ${parts[part]} set: as many pictures, but others, in another order or with other labels ` +
          `(SHA-256 ${short}… then, ${shortNow}… now).`,
      );
    }
  }
  return lines;
}

function formatCount(count: number): string {
  return count.toLocaleString('en');
}
