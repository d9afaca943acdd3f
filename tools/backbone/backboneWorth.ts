/** Whether a backbone is worth transferring: a few pictures a class, a head on its features, against a CNN from scratch. */
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { generateSample } from '../../lib/sample/generateSample';
import { loadBackbone } from '../../lib/models/transfer';
import {
  checkOptions,
  integerFrom,
  positiveInteger,
  required,
  seedInteger,
  text,
} from '../../lib/options';
import { extractFeatures } from '../../lib/training/features';
import {
  measureDataEfficiency,
  scratchMethod,
  transferMethod,
} from '../../lib/experiments/dataEfficiency';

/** One hidden layer: on 20 pictures of a class it was a few points ahead of a linear head. */
const HEAD = { recipe: { hiddenUnits: 512, dropoutRate: 0, weightDecay: 0.1 } } as const;

/** Options of {@link measureBackboneWorth}. */
export interface BackboneWorthOptions {
  /** Weights in Keras' layout, without the top. */
  readonly path: string;
  /** Height and width that pictures are resized to for the backbone, 32 pixels or more. */
  readonly inputSize: number;
  /** Of the sample and of the first choice of pictures. */
  readonly seed: number;
  /** Training pictures of each class. Default 20. */
  readonly picturesPerClass?: number;
  /** Test pictures. Default 1000. */
  readonly testCount?: number;
  /** Choices of training pictures, each with a seed of its own. Default 3. */
  readonly choices?: number;
}

/** Test accuracies, 0…1, for each seed. */
export interface BackboneWorth {
  readonly data: string;
  readonly picturesPerClass: number;
  readonly testPictures: number;
  readonly seeds: readonly number[];
  /** A head on the frozen backbone's features. */
  readonly transfer: readonly number[];
  /** The notebook's CNN on the same pictures. */
  readonly scratch: readonly number[];
}

/** Measures on the generated sample. */
export async function measureBackboneWorth(options: BackboneWorthOptions): Promise<BackboneWorth> {
  checkOptions<BackboneWorthOptions>('measureBackboneWorth', options, {
    path: required(text),
    inputSize: required(integerFrom(32, 96)),
    seed: required(seedInteger),
    picturesPerClass: positiveInteger,
    testCount: positiveInteger,
    choices: positiveInteger,
  });
  const { path, inputSize, seed, picturesPerClass = 20, testCount = 1000, choices = 3 } = options;
  const seeds = Array.from({ length: choices }, (_, choice) => seed + choice);
  const classCount = 10;
  // Twice as many as are used, so that each seed has a choice.
  const { name, trainSet, testSet } = generateSample({
    trainCount: 2 * picturesPerClass * classCount,
    testCount,
    seed,
  });
  const backbone = await loadBackbone({ path, inputSize });
  try {
    const preprocess = { height: trainSet.height, width: trainSet.width, ...UNIT_SCALE };
    const trainFeatures = await extractFeatures(backbone, trainSet, { cache: false });
    const testFeatures = await extractFeatures(backbone, testSet, { cache: false });
    const [transfer, scratch] = await measureDataEfficiency({
      trainSet,
      methods: [
        transferMethod({ train: trainFeatures, test: testFeatures }, HEAD),
        scratchMethod({ trainSet, testSet, preprocess }),
      ],
      picturesPerClass: [picturesPerClass],
      seeds,
    });
    return {
      data: name,
      picturesPerClass,
      testPictures: testSet.size,
      seeds,
      transfer: transfer.points[0].accuracies,
      scratch: scratch.points[0].accuracies,
    };
  } finally {
    backbone.model.dispose();
  }
}
