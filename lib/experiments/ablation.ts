/** Ablation study: retrain a recipe without each of its components and measure the change in accuracy. */
import { join } from 'node:path';
import type { ImageDataset } from '../data/dataset';
import { evaluateClassifier } from '../evaluation/evaluate';
import { meanAndStd, meanInterval } from '../evaluation/statistics';
import { Interrupted, watchInterrupts, yieldToEvents } from '../interrupts';
import {
  anyValue,
  callback,
  checkOptions,
  differentOf,
  oneOf,
  required,
  seedInteger,
  text,
} from '../options';
import type { PieceCost } from '../report/recipeFigures';
import { createTable, type DataTable } from '../report/tables';
import { fractionText } from '../report/theme';
import { describeDataset } from '../training/identity';
import {
  RECIPE_PIECES,
  trainRecipe,
  withoutPiece,
  type Recipe,
  type RecipePiece,
} from '../training/recipe';
import { createProgressReporter } from '../runs/progress';
import type { RunRecorder } from '../runs/runRecorder';
import { openMeasurements, type Measurement } from './ablationResults';

/** One measurement that has just been made. */
export interface AblationResult extends Measurement {
  readonly piece: RecipePiece | null;
  /** Measurements made, and to be made in all. */
  readonly done: number;
  readonly total: number;
}

export interface AblationOptions {
  readonly trainSet: ImageDataset;
  /**
   * What every recipe is judged by. Never the test set: choosing components by it would overfit to it.
   */
  readonly valSet: ImageDataset;
  readonly recipe: Recipe;
  /** Which pieces to leave out, one at a time. Default: all that the recipe has. */
  readonly pieces?: readonly RecipePiece[];
  /** One training of each recipe per seed, the same seeds for all. At least 3 make error bars that say something. */
  readonly seeds: readonly number[];
  /** Keeps the measurements in this JSON file: the same call continues from there. Default: nowhere. */
  readonly file?: string;
  readonly onResult?: (result: AblationResult) => void;
}

/** A recipe and what it reached, one value per seed, in the order of the seeds. */
export interface AblationSetting {
  /** `whole recipe`, or `without flips`. */
  readonly name: string;
  /** The piece left out; null for the whole recipe. */
  readonly piece: RecipePiece | null;
  /** Validation accuracies, 0…1. */
  readonly accuracies: readonly number[];
  /** Of each training. */
  readonly seconds: readonly number[];
}

/** A whole ablation. */
export interface Ablation {
  readonly seeds: readonly number[];
  readonly whole: AblationSetting;
  /** One per piece left out. */
  readonly without: readonly AblationSetting[];
}

/**
 * Trains the whole recipe and the recipe without each piece, with every seed, and measures validation accuracy.
 *
 * All recipes of a seed begin with the same weights and see the pictures in the same order, so differences are taken
 * seed by seed. One seed after the other: an interrupted ablation has whole rows.
 *
 * @throws RangeError before any training for a piece that the recipe has not, for a piece or a seed that is given twice,
 *   and for a validation set that is empty or of other classes; Interrupted.
 */
export async function measureAblation(options: AblationOptions): Promise<Ablation> {
  checkOptions<AblationOptions>('measureAblation', options, {
    trainSet: required(anyValue),
    valSet: required(anyValue),
    recipe: required(anyValue),
    pieces: differentOf(oneOf(...RECIPE_PIECES), 'pieces of a recipe'),
    seeds: required(differentOf(seedInteger, 'integers')),
    file: text,
    onResult: callback,
  });
  const { trainSet, valSet, recipe, seeds, file, onResult } = options;
  const pieces = chosenPieces(recipe, options.pieces);
  checkSets(trainSet, valSet);
  const settings = [null, ...pieces];
  const store = await openMeasurements(file, {
    recipe,
    trainSet: describeDataset(trainSet),
    valSet: describeDataset(valSet),
  });
  const measured: Measurement[] = [];
  const total = seeds.length * settings.length;
  await yieldToEvents(); // watchInterrupts wants an await before it
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  try {
    for (const seed of seeds) {
      for (const piece of settings) {
        let measurement = store.find(piece, seed);
        if (measurement === undefined) {
          const variant = piece === null ? recipe : withoutPiece(recipe, piece);
          measurement = {
            piece,
            seed,
            ...(await measureRecipe(variant, { trainSet, valSet, seed, signal })),
          };
          await store.add(measurement);
        }
        measured.push(measurement);
        onResult?.({ ...measurement, piece, done: measured.length, total });
      }
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(
      `The ablation was interrupted after ${measured.length} of ${total} measurements: ` +
        (file === undefined ? 'nothing of it is kept.' : 'run it again to continue with the next.'),
    );
  } finally {
    interrupts.stop();
  }
  const [whole, ...without] = settings.map((piece): AblationSetting => {
    const trainings = measured.filter((measurement) => measurement.piece === piece);
    return {
      name: piece === null ? 'whole recipe' : `without ${piece}`,
      piece,
      accuracies: trainings.map(({ accuracy }) => accuracy),
      seconds: trainings.map(({ seconds }) => seconds),
    };
  });
  return { seeds, whole, without };
}

/** Those that are asked for, or all that change the recipe when they are left out. */
function chosenPieces(
  recipe: Recipe,
  pieces: readonly RecipePiece[] | undefined,
): readonly RecipePiece[] {
  const present = RECIPE_PIECES.filter(
    (piece) => JSON.stringify(withoutPiece(recipe, piece)) !== JSON.stringify(recipe),
  );
  const absent = pieces?.find((piece) => !present.includes(piece));
  if (absent !== undefined) {
    throw new RangeError(
      `Expected pieces to be among those of the recipe (${present.join(', ')}) but received "${absent}": ` +
        'leave it out of the list.',
    );
  }
  return pieces ?? present;
}

/** Checked here because training, which takes hours, does not use the validation set until it ends. */
function checkSets(trainSet: ImageDataset, valSet: ImageDataset): void {
  const [trained, validated] = [trainSet, valSet].map(({ classNames }) => classNames.join(', '));
  if (trainSet.size > 0 && valSet.size > 0 && trained === validated) return;
  throw new RangeError(
    `Expected training and validation pictures of the same classes but received ${trainSet.size} of ${trained} ` +
      `and ${valSet.size} of ${validated}: pass the two parts of splitDataset.`,
  );
}

async function measureRecipe(
  recipe: Recipe,
  options: {
    readonly trainSet: ImageDataset;
    readonly valSet: ImageDataset;
    readonly seed: number;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly accuracy: number; readonly seconds: number }> {
  const { trainSet, valSet, seed, signal } = options;
  const startedAt = performance.now();
  // Without a validation set: evaluated once, at the end, so that the seconds are the training's alone.
  const { classifier } = await trainRecipe({ trainSet }, { recipe, seed, signal });
  const seconds = (performance.now() - startedAt) / 1000;
  try {
    const { accuracy } = await evaluateClassifier(classifier, valSet, { signal });
    return { accuracy, seconds };
  } finally {
    classifier.model.dispose();
  }
}

/** For `ablationCostFigure`: what leaving each piece out costs, seed by seed. */
export function pieceCosts({ whole, without }: Ablation): PieceCost[] {
  return without.map(({ piece, accuracies }) => ({
    name: String(piece),
    costs: accuracies.map((accuracy, index) => whole.accuracies[index] - accuracy),
  }));
}

/**
 * A row per recipe, the whole one first, then the pieces by what they are worth: validation accuracy as mean and sample
 * standard deviation over the seeds; difference to the whole recipe, mean and 95 % t-interval of the differences of each
 * seed; what the interval shows; seconds of a training.
 */
export function ablationTable(ablation: Ablation): DataTable {
  const costs = new Map(pieceCosts(ablation).map(({ name, costs }) => [name, costs]));
  const differences = ({ piece }: AblationSetting) =>
    (costs.get(String(piece)) ?? [0]).map((cost) => -cost);
  const difference = (setting: AblationSetting) => meanAndStd(differences(setting)).mean;
  const byWorth = [...ablation.without].sort((a, b) => difference(a) - difference(b));
  return createTable(
    [ablation.whole, ...byWorth].map((setting) => {
      const { mean, std } = meanAndStd(setting.accuracies);
      const isWhole = setting.piece === null;
      const interval = meanInterval(differences(setting));
      return {
        recipe: setting.name,
        'validation accuracy': mean,
        std,
        difference: isWhole ? null : difference(setting),
        '95 % from': isWhole ? null : (interval?.low ?? null),
        '95 % to': isWhole ? null : (interval?.high ?? null),
        effect: isWhole ? '' : effectOf(interval),
        seconds: meanAndStd(setting.seconds).mean,
        seeds: setting.accuracies.length,
      };
    }),
  );
}

/** In words, of a piece whose absence changes the accuracy by a difference within `interval`. */
function effectOf(interval: { low: number; high: number } | null): string {
  if (interval === null) return 'no judgement below 3 seeds';
  if (interval.high < 0) return 'helps';
  return interval.low > 0 ? 'harms' : 'not shown';
}

/**
 * Callback and file for `measureAblation`: one line below the cell that moves, notes for the launcher, and the
 * measurements in the run's folder, so that a run that is resumed continues where it was.
 *
 * @example const ablation = await measureAblation({ trainSet, valSet, recipe, seeds, ...trackAblation(run) });
 */
export function trackAblation(
  run: Pick<RunRecorder, 'progress' | 'directory'>,
): Required<Pick<AblationOptions, 'file' | 'onResult'>> {
  const { show } = createProgressReporter(run);
  return {
    file: join(run.directory, 'ablation.json'),
    onResult: (result) => show(describeAblationResult(result)),
  };
}

/** `3 of 8: without flips, seed 43: validation accuracy 0.812 after 12.3 s`. */
function describeAblationResult(result: AblationResult): string {
  const { piece, seed, accuracy, seconds, done, total } = result;
  const recipe = piece === null ? 'whole recipe' : `without ${piece}`;
  return (
    `${done} of ${total}: ${recipe}, seed ${seed}: validation accuracy ${fractionText(accuracy)} ` +
    `after ${seconds.toFixed(1)} s`
  );
}
