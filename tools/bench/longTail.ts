// What class weights and balanced sampling bring where classes differ in size: long-tailed CIFAR-10, of which class k keeps
// LARGEST · ratio^(-k / 9) pictures (Cao et al. 2019, "Learning imbalanced datasets with label-distribution-aware margin loss").
//   CIFAR10_DIR=… node --import tsx tools/bench/longTail.ts LARGEST EPOCHS SEEDS
import { loadCifar10 } from '../../lib/data/cifar10';
import { type ImageDataset, select } from '../../lib/data/dataset';
import { CIFAR10_SCALE } from '../../lib/data/preprocess';
import { evaluateClassifier } from '../../lib/evaluation/evaluate';
import { meanAndStd } from '../../lib/evaluation/statistics';
import { createRng, shuffledIndices } from '../../lib/random';
import { RECIPES, recipeNetwork, recipeTraining } from '../../lib/training/recipe';
import { trainModel } from '../../lib/training/train';

const [largest = 1000, epochs = 10, seeds = 3] = process.argv.slice(2).map(Number);
const preprocess = { height: 32, width: 32, ...CIFAR10_SCALE };
const METHODS = {
  'as they are': {},
  'class weights': { classWeights: 'balanced' },
  'balanced sampling': { sampling: 'balanced' },
} as const;

function longTailed(dataset: ImageDataset, ratio: number, seed: number): ImageDataset {
  const left = dataset.classNames.map((_, label) => Math.floor(largest * ratio ** (-label / 9)));
  const order = shuffledIndices(dataset.size, createRng(seed, 'long tail'));
  return select(
    dataset,
    order.filter((index) => left[dataset.labels[index]]-- > 0),
  );
}

/** Macro F1, accuracy, and the mean recall of the three smallest classes; with one view, all of CIFAR-10's test pictures. */
async function measure(
  trainSet: ImageDataset,
  testSet: ImageDataset,
  { seed, method }: { readonly seed: number; readonly method: keyof typeof METHODS },
): Promise<readonly [number, number, number]> {
  const recipe = { ...RECIPES.fast, epochs };
  const network = { inputShape: [32, 32, 3], numClasses: 10, seed } as const;
  const model = recipeNetwork(recipe, trainSet, network);
  const training = { ...recipeTraining(recipe), ...METHODS[method], views: 1 } as const;
  await trainModel(model, { ...training, trainSet, preprocess, seed });
  const classifier = { model, classNames: trainSet.classNames, preprocess };
  const tested = await evaluateClassifier(classifier, testSet, { metrics: ['f1'] });
  model.dispose();
  const tail = meanAndStd(tested.perClass.slice(7).map(({ recall }) => recall));
  return [tested.metrics.f1, tested.accuracy, tail.mean];
}

async function main(): Promise<void> {
  const { trainSet: whole, testSet } = await loadCifar10();
  for (const ratio of [10, 100]) {
    for (const method of Object.keys(METHODS) as (keyof typeof METHODS)[]) {
      const results: Awaited<ReturnType<typeof measure>>[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        results.push(await measure(longTailed(whole, ratio, seed), testSet, { seed, method }));
      }
      const columns = [0, 1, 2].map((column) => {
        const { mean, std } = meanAndStd(results.map((result) => result[column]));
        return `${mean.toFixed(3)} ± ${std?.toFixed(3) ?? '–'}`;
      });
      console.log(`| ${[ratio, method, ...columns].join(' | ')} |`);
    }
  }
}

void main();
