// What each augmentation of photographs brings to fine-tuning MobileNetV2 on few pictures: a head on frozen features first, then
// all from block_6 on with the augmentation; CIFAR-10 at 160 px.
//   CIFAR10_DIR=… node --import tsx tools/bench/transferAugmentation.ts PER_CLASS EPOCHS SEEDS
import { loadCifar10 } from '../../lib/data/cifar10';
import { type ImageDataset, splitDataset, takeStratified } from '../../lib/data/dataset';
import { evaluateClassifier } from '../../lib/evaluation/evaluate';
import { meanAndStd } from '../../lib/evaluation/statistics';
import {
  type Backbone,
  createHead,
  createTransferModel,
  loadBackbone,
} from '../../lib/models/transfer';
import { type AugmentationOptions, createAugmentation } from '../../lib/training/augment';
import { extractFeatures } from '../../lib/training/features';
import { fineTune } from '../../lib/training/fineTune';
import { trainHead } from '../../lib/training/head';

const [perClass = 100, epochs = 10, seeds = 3] = process.argv.slice(2).map(Number);
const VALIDATION_PICTURES = 2000;
const METHODS: Readonly<Record<string, AugmentationOptions>> = {
  none: {},
  flip: { flip: true },
  'crop .5': { crop: 0.5 },
  'rotation 15°': { rotation: 15 },
  'colour jitter .3': { colorJitter: 0.3 },
  'erasing .5': { erasing: 0.5 },
  all: { flip: true, crop: 0.5, rotation: 15, colorJitter: 0.3, erasing: 0.5 },
};

interface Sets {
  readonly trainSet: ImageDataset;
  readonly valSet: ImageDataset;
}

/** Accuracy on the validation pictures of the head alone, then fine-tuned with each augmentation; one view. */
async function measure({ trainSet, valSet }: Sets, backbone: Backbone, seed: number) {
  const trainFeatures = await extractFeatures(backbone, trainSet, { cache: false });
  const { classNames } = trainSet;
  const [, features] = backbone.model.outputs[0].shape;
  const head = createHead({ features: Number(features), numClasses: classNames.length, seed });
  await trainHead(head, { trainFeatures, seed, labelSmoothing: 0.1 });
  const { preprocess } = backbone;
  const training = { trainSet, epochs, batchSize: 32, preprocess, seed, labelSmoothing: 0.1 };
  const test = async (options?: AugmentationOptions) => {
    const model = createTransferModel(backbone.model, head);
    if (options) {
      const augmentation = createAugmentation(options);
      await fineTune(model, { ...training, augmentation, unfreezeFrom: 'block_6_expand' });
    }
    const { accuracy } = await evaluateClassifier({ model, classNames, preprocess }, valSet);
    model.dispose();
    return accuracy;
  };
  const results: Record<string, number> = { 'the head alone': await test() };
  for (const [method, options] of Object.entries(METHODS)) {
    results[method] = await test(options);
    console.error(`seed ${seed}, ${method}: ${results[method].toFixed(4)}`);
  }
  head.dispose();
  return results;
}

async function main(): Promise<void> {
  const { trainSet: all } = await loadCifar10();
  const backbone = await loadBackbone({ inputSize: 160 });
  const results: Awaited<ReturnType<typeof measure>>[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const split = splitDataset(all, { seed });
    const trainSet = takeStratified(split.trainSet, perClass * all.classNames.length);
    const valSet = takeStratified(split.valSet, VALIDATION_PICTURES);
    results.push(await measure({ trainSet, valSet }, backbone, seed));
  }
  for (const method of Object.keys(results[0])) {
    const { mean, std } = meanAndStd(results.map((result) => result[method]));
    const gains = results.map((result) => result[method] - result.none);
    const gain = meanAndStd(gains);
    const spread = (value: { mean: number; std: number | null }) =>
      `${value.mean.toFixed(4)} ± ${value.std?.toFixed(4) ?? '–'}`;
    console.log(`| ${[method, spread({ mean, std }), spread(gain)].join(' | ')} |`);
  }
}

void main();
