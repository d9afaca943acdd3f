/** What every contestant of one case does; written as JSON for those in Python. */
export interface Task {
  readonly kind: 'train' | 'infer';
  readonly model: 'mlp' | 'cnn' | 'mobileNetV2';
  /** Height and width of the pictures. */
  readonly inputSize: number;
  readonly numClasses: number;
  readonly batchSize: number;
  readonly precision: 'float32' | 'bfloat16';
  /** Model input = (pixel / 255 - mean) / std. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  readonly dropoutRate: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly learningRate: number;
  readonly momentum: number;
  /** "frozen": moving averages, scale and shift stay as they are, as in Keras with `trainable = false`. */
  readonly batchNorm: 'training' | 'frozen';
  /** Which layers learn: all, or the last one only. */
  readonly trained: 'all' | 'top';
  /** How often a training passes over each picture; images per second count each picture once. */
  readonly epochs: number;
  /** How many different pictures there are; batches go round and round through them. */
  readonly imageCount: number;
  /** Where images.bin, labels.bin, weights.bin and weights.json lie. */
  readonly folder: string;
}

/** A task before its data is written. */
export type TaskPlan = Omit<Task, 'folder'>;

const COMMON = {
  precision: 'float32',
  mean: [0, 0, 0],
  std: [1, 1, 1],
  dropoutRate: 0,
  optimizer: 'adam',
  learningRate: 0.001,
  momentum: 0.9,
  batchNorm: 'training',
  trained: 'all',
  epochs: 1,
  numClasses: 10,
} as const;

/** The original notebook's models on pictures of CIFAR-10's size, in training: Adam, dropout .3 in the CNN. */
export function smallModelTask(
  model: 'mlp' | 'cnn',
  { kind = 'train', batchSize, precision = 'float32' }: Partial<Task> & { batchSize: number },
): TaskPlan {
  const dropoutRate = model === 'cnn' ? 0.3 : 0;
  const imageCount = Math.max(4096, batchSize);
  return { ...COMMON, kind, model, inputSize: 32, batchSize, precision, dropoutRate, imageCount };
}

/** MobileNetV2, alpha 1: fine-tuning of all layers with momentum, or inference with ImageNet's 1000 classes. */
export function mobileNetTask(
  kind: 'train' | 'infer',
  {
    inputSize,
    batchSize,
    batchNorm = 'training',
  }: Partial<Task> & { inputSize: number; batchSize: number },
): TaskPlan {
  return {
    ...COMMON,
    kind,
    model: 'mobileNetV2',
    inputSize,
    batchSize,
    batchNorm,
    optimizer: 'sgd',
    learningRate: 1e-4, // larger steps drift apart by rounding alone within the few that are compared
    numClasses: kind === 'train' ? 10 : 1000,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    imageCount: Math.max(64, batchSize),
  };
}

/** A new last layer on frozen MobileNetV2, alpha 1, trained with Adam for some epochs. */
export function headTask({
  inputSize,
  batchSize,
  epochs,
}: Pick<Task, 'inputSize' | 'batchSize' | 'epochs'>): TaskPlan {
  return {
    ...mobileNetTask('train', { inputSize, batchSize, batchNorm: 'frozen' }),
    trained: 'top',
    epochs,
    optimizer: 'adam',
    learningRate: 1e-3,
    imageCount: 16 * batchSize,
  };
}
