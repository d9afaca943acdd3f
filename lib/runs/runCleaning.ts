// Cleaning the data in a notebook: what may be wrong with single pictures, shown with their indices, and what was decided.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sha256Of } from '../data/checksum';
import { type Correction, pictureKey, readCorrections, saveCorrections } from '../data/corrections';
import { indicesBetween } from '../data/batches';
import { type ImageDataset, imageOf } from '../data/dataset';
import { readPictureSize, sideBySide } from '../data/image';
import { findLabelErrors } from '../evaluation/labelErrors';
import { measureQuality } from '../evaluation/pictureQuality';
import { percentile } from '../evaluation/statistics';
import {
  checkOption,
  checkOptions,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  required,
} from '../options';
import { showTable } from '../report/display';
import type { Figure } from '../report/figure';
import { type CaptionedPicture, imageGridFigure } from '../report/imageGridFigure';
import { createTable } from '../report/tables';
import { percent } from '../report/theme';
import { featureBlocks, selectFeatures } from '../training/features';
import { findNearDuplicates, findNeighbours } from '../training/neighbours';
import { predictOutOfFold } from '../training/selectHead';
import { createProgressReporter } from './progress';
import type { RunData } from './runData';
import type { RunRecorder } from './runRecorder';
import type { RunFeatures } from './runTransfer';

/** What may be wrong with a picture. */
export interface Finding {
  /** The picture: training pictures come first, then those of validation, then those of the test. */
  readonly index: number;
  /** What is written below it. */
  readonly note: string;
  /** Of near duplicates: the picture that it resembles. */
  readonly other?: number;
}

/** The neighbour whose cosine says how far a picture is from all others. */
const NEIGHBOUR = 10;
/** CleanVision 0.3.6's threshold for dark pictures. */
const DARK = 0.32;

/** Each kind of finding: its title, and how it is found. */
const KINDS = {
  labelErrors: ['Probable label errors', 'confident learning on five folds'],
  nearDuplicates: ['Near duplicates', 'features and pixels alike, perhaps mirrored'],
  outliers: ['Outliers', `cosine with neighbour ${NEIGHBOUR} below Tukey's fence`],
  blurred: ['Blurred pictures', "log variance of the Laplacian below Tukey's fence"],
  dark: ['Dark pictures', `99 % of the pixels darker than ${DARK}`],
  tiny: ['Tiny pictures', 'enlarged to twice their size or more'],
} as const;
export type FindingKind = keyof typeof KINDS;

/** Of a run what an inspection needs. */
type InspectedRun = Pick<RunRecorder, 'seed' | 'progress'> & {
  readonly data: RunData;
  show(name: string, figure: Figure): Promise<void>;
};

/** What `run.inspectData` found, and the verbs that note decisions about it. Nothing is deleted; loading obeys the decisions. */
export class Cleaner {
  private readonly pictures;
  /** As they were inspected, whatever is loaded since. */
  private readonly data: RunData;

  constructor(
    /** Of each kind, the worst first. */
    readonly findings: Readonly<Record<FindingKind, readonly Finding[]>>,
    private readonly run: InspectedRun,
  ) {
    this.data = run.data;
    const { trainSet: training, valSet: validation, testSet: test } = this.data;
    this.pictures = Object.entries({ training, validation, test }).flatMap(([part, set]) =>
      Array.from(set.labels, (label, position) => ({ part, set, label, position })),
    );
  }

  /**
   * Shows findings with their indices.
   *
   * @param options.from rank of the first, default 0. `count`: default 20.
   */
  async show(
    kind: FindingKind,
    options: { readonly from?: number; readonly count?: number } = {},
  ): Promise<void> {
    checkOption('clean.show', 'kind', kind, required(oneOf(...Object.keys(KINDS))));
    checkOptions('clean.show', options, { from: nonNegativeInteger, count: positiveInteger });
    const { from = 0, count = 20 } = options;
    const all = this.findings[kind];
    const shown = all.slice(from, from + count);
    const pictures = shown.flatMap(({ index, note, other }) =>
      [index, ...(other === undefined ? [] : [other])].map((each) => this.captioned(each, note)),
    );
    const title = `${KINDS[kind][0]}: ${from + 1} to ${from + shown.length} of ${all.length}`;
    const columns = kind === 'nearDuplicates' ? 4 : 5;
    await this.run.show(KINDS[kind][0], imageGridFigure(pictures, { title, columns }));
  }

  /** Notes that pictures belong to another class. @throws RangeError for an unknown class or index. */
  relabel(indices: number | readonly number[], className: string): void {
    const { classNames } = this.data;
    checkOption('clean.relabel', 'className', className, required(oneOf(...classNames)));
    this.decide(indices, className);
  }

  /** Notes that pictures are to be left out. @throws RangeError for an unknown index. */
  drop(indices: number | readonly number[]): void {
    this.decide(indices, null);
  }

  /** Takes back what was noted about pictures. @throws RangeError for an unknown index. */
  keep(indices: number | readonly number[]): void {
    this.decide(indices);
  }

  private decide(given: number | readonly number[], label?: string | null): void {
    const { name, corrections } = this.data;
    if (corrections === undefined) {
      throw new Error(
        `Expected pictures of a folder, or of CIFAR-10, but those of "${name}" are read from no file: load others.`,
      );
    }
    const { file } = corrections;
    const decided = [given].flat().map((index) => this.identify(index, file));
    const others = readCorrections(file, this.data).list.filter(
      ({ picture }) => !decided.some((each) => each.picture === picture),
    );
    const list = [
      ...others,
      ...(label === undefined ? [] : decided.map((each) => ({ ...each, label }))),
    ];
    saveCorrections(file, list);
    console.log(
      `Corrections in ${file}: ${list.length}. Run the cell with run.loadData, and those below it, to load the ` +
        'pictures that way.',
    );
  }

  private identify(index: number, file: string): Pick<Correction, 'picture' | 'sha256'> {
    const { set, position } = this.find(index);
    const path = set.paths?.[position];
    return path === undefined
      ? { picture: String(set.numbers?.[position]), sha256: sha256Of(imageOf(set, position)) }
      : { picture: pictureKey(dirname(file), path), sha256: sha256Of(readFileSync(path)) };
  }

  private captioned(index: number, note: string): CaptionedPicture {
    const { set, part, label, position } = this.find(index);
    const { height, width, paths, classNames } = set;
    const folder = dirname(this.data.corrections?.file ?? '');
    const lines = [
      `${index}: ${classNames[label]}`,
      note,
      ...(part === 'training' ? [] : [part]),
      ...(paths ? [pictureKey(folder, paths[position])] : []),
    ];
    return { data: imageOf(set, position), height, width, caption: lines.join('\n') };
  }

  private find(index: number) {
    if (index in this.pictures) return this.pictures[index];
    throw new RangeError(
      `Expected the index of a picture, from 0 to ${this.pictures.length - 1}, but received ${index}: ` +
        'take it from the gallery.',
    );
  }
}

/** Looks for what may be wrong with the pictures of a run and shows it. */
export async function inspectRunData(run: InspectedRun, features: RunFeatures): Promise<Cleaner> {
  const { data, seed } = run;
  const { show } = createProgressReporter(run);
  const sets = [data.trainSet, data.valSet, data.testSet];
  const all = joinFeatures(sets, features);
  const { classNames, width } = all;
  const size = data.trainSet.size + data.valSet.size;
  const labels = all.labels.subarray(0, size);
  const learned = { ...all, values: all.values.subarray(0, size * width), labels, size };
  const onFold = (fold: number) => show(`label errors: fold ${fold} of 5`);
  const probabilities = await predictOutOfFold(learned, { seed, onFold });
  show('near duplicates and outliers');
  const neighbours = await findNeighbours(all, { count: NEIGHBOUR });
  const cosines = Array.from(all.labels, (_, row) => {
    return neighbours.similarities[(row + 1) * neighbours.count - 1];
  });
  show('sharpness, brightness and size');
  const quality = sets.flatMap(measureQuality);
  const sharpness = quality.map((each) => Math.log1p(each.sharpness));
  const brightness = quality.map((each) => each.brightness);
  const sides = await shorterSides(sets);
  const errors = findLabelErrors({ probabilities, labels, numClasses: classNames.length });
  const findings = {
    labelErrors: errors.map(({ index, suggestedLabel, probability }) => {
      return { index, note: `${classNames[suggestedLabel]} at ${percent(probability)}?` };
    }),
    nearDuplicates: findNearDuplicates(neighbours, sets).map(({ index, other, correlation }) => {
      return { index, other, note: `correlation ${correlation.toFixed(3)}` };
    }),
    outliers: below(cosines, fence(cosines)).map(({ index, value }) => {
      return { index, note: `cosine ${value.toFixed(2)}` };
    }),
    blurred: below(sharpness, fence(sharpness)).map(({ index, value }) => {
      return { index, note: `sharpness ${Math.expm1(value).toFixed(0)}` };
    }),
    dark: below(brightness, DARK).map(({ index, value }) => {
      return { index, note: `brightness ${value.toFixed(2)}` };
    }),
    // Three quarters of what the network sees of them, or more, are interpolated.
    tiny: below(sides, data.trainSet.height / 2 + 0.5).map(({ index, value }) => {
      return { index, note: `${value} pixels` };
    }),
  };
  const kinds = Object.keys(KINDS) as FindingKind[];
  const rows = kinds.map((kind) => {
    return { finding: KINDS[kind][0], found: findings[kind].length, how: KINDS[kind][1] };
  });
  showTable(createTable(rows), `What to look at in ${data.name}, ${all.size} pictures`);
  const cleaner = new Cleaner(findings, run);
  for (const kind of kinds) if (findings[kind].length > 0) await cleaner.show(kind, { count: 10 });
  return cleaner;
}

/** The features of all pictures, without mirror images, in the order of the sets. */
function joinFeatures(sets: readonly ImageDataset[], { train, val, test }: RunFeatures) {
  const size = sets.reduce((sum, set) => sum + set.size, 0);
  const [values, labels] = [new Float32Array(size * train.width), new Int32Array(size)];
  let start = 0;
  for (const [part, of] of [train, val, test].entries()) {
    const set = sets[part];
    if (of.size < set.size || set.labels.some((label, index) => of.labels[index] !== label)) {
      throw new Error(
        'Expected features of the pictures that the run has now but received those of others: ' +
          'run the cell with run.extractFeatures again.',
      );
    }
    let filled = start * train.width;
    for (const block of featureBlocks(selectFeatures(of, indicesBetween(0, set.size)))) {
      values.set(block, filled);
      filled += block.length;
    }
    labels.set(set.labels, start);
    start += set.size;
  }
  return { ...train, values, labels, size };
}

/**
 * Tukey's lower fence (J. W. Tukey, "Exploratory Data Analysis", 1977): the first quartile less 1.5 times the distance
 * between the quartiles. Of a normal distribution .35 % lie below.
 */
function fence(values: readonly number[]): number {
  const [first, third] = [percentile(values, 25), percentile(values, 75)];
  return first - 1.5 * (third - first);
}

/** The values below a limit with their indices, the lowest first. */
function below(values: readonly number[], limit: number) {
  const found = values.map((value, index) => ({ value, index }));
  return found.filter(({ value }) => value < limit).sort((a, b) => a.value - b.value);
}

/** Pixels of each file's shorter side; infinite where a picture is no file. */
async function shorterSides(sets: readonly ImageDataset[]): Promise<number[]> {
  const files = sets.flatMap(({ paths, size }) => paths ?? Array.from({ length: size }, () => ''));
  const sides = files.map(() => Infinity);
  await sideBySide(files.length, async (index) => {
    const size = files[index] === '' ? undefined : await readPictureSize(files[index]);
    if (size) sides[index] = Math.min(size.width, size.height);
  });
  return sides;
}
