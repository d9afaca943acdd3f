/**
 * What bfloat16 costs in accuracy: the same training from the same weights, on the same pictures in the same order, in float32
 * and in bfloat16. Findings: ../README.md. Needs CIFAR-10 (`npm start` fetches it, or CIFAR10_DIR).
 *
 *     node --import tsx tools/bench/ours/bfloat16Accuracy.ts [--recipe fast] [--pictures 20000] [--epochs 2] [--seeds 3]
 *
 * Without --recipe it is the original CNN, in batches of 128.
 */
import { parseArgs } from 'node:util';
import { loadCifar10 } from '../../../lib/data/cifar10';
import { type ImageDataset, splitDataset, take } from '../../../lib/data/dataset';
import { CIFAR10_SCALE, UNIT_SCALE } from '../../../lib/data/preprocess';
import { meanAndStd } from '../../../lib/evaluation/statistics';
import { createCnn } from '../../../lib/models/cnn';
import { type Recipe, RECIPES, recipeNetwork, recipeTraining } from '../../../lib/training/recipe';
import { trainModel } from '../../../lib/training/train';

interface Sets {
  readonly trainSet: ImageDataset;
  readonly valSet: ImageDataset;
}

interface Training {
  readonly recipe?: Recipe;
  readonly epochs?: number;
  readonly seed: number;
  readonly bfloat16: boolean;
}

const PRECISIONS = ['float32', 'bfloat16'] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      recipe: { type: 'string' },
      pictures: { type: 'string', default: '20000' },
      epochs: { type: 'string' },
      seeds: { type: 'string', default: '3' },
    },
  });
  const { trainSet: all } = await loadCifar10();
  // The seed's validation split; the test set stays out of it.
  const { trainSet, valSet } = splitDataset(all, { seed: 42 });
  const sets = { trainSet: take(trainSet, Number(values.pictures)), valSet };
  const recipe = values.recipe === undefined ? undefined : RECIPES[values.recipe as 'fast'];
  const epochs = values.epochs === undefined ? recipe?.epochs : Number(values.epochs);
  const accuracies: Record<string, number[]> = { float32: [], bfloat16: [] };
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    for (const precision of PRECISIONS) {
      const bfloat16 = precision === 'bfloat16';
      const accuracy = await train(sets, { recipe, epochs, seed, bfloat16 });
      accuracies[precision].push(accuracy);
      console.log(`seed ${seed}, ${precision}: validation accuracy ${accuracy.toFixed(4)}`);
    }
  }
  for (const precision of PRECISIONS) {
    console.log(`${precision}: ${summary(accuracies[precision])} (n = ${values.seeds})`);
  }
  const differences = accuracies.bfloat16.map((value, i) => value - accuracies.float32[i]);
  console.log(`bfloat16 − float32, seed by seed: ${summary(differences)}`);
}

/** The accuracy on the validation pictures after the last epoch. */
async function train({ trainSet, valSet }: Sets, training: Training): Promise<number> {
  const { recipe, epochs = 2, seed, bfloat16 } = training;
  const { height, width } = trainSet;
  const model = recipe
    ? recipeNetwork(recipe, trainSet, { inputShape: [height, width, 3], numClasses: 10, seed })
    : createCnn({ seed });
  const scale = recipe ? CIFAR10_SCALE : UNIT_SCALE;
  try {
    const history = await trainModel(model, {
      ...(recipe ? recipeTraining(recipe) : { batchSize: 128 }),
      trainSet,
      valSet,
      epochs,
      seed,
      preprocess: { height, width, ...scale },
      bfloat16,
    });
    return history.epochs.at(-1)!.val!.accuracy;
  } finally {
    model.dispose();
  }
}

function summary(values: readonly number[]): string {
  const { mean, std } = meanAndStd(values);
  return `${mean.toFixed(4)} ± ${(std ?? 0).toFixed(4)}`;
}

void main();
