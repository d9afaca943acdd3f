import { IMAGENET_CLASSES } from '@tensorflow-models/mobilenet/dist/imagenet_classes';

/**
 * The 1000 ImageNet classes in the order of MobileNetV2's output, as the package
 * `@tensorflow-models/mobilenet` (Apache-2.0) carries them: synonyms separated by commas,
 * for example "tabby, tabby cat" at 281.
 */
export const imageNetClasses: readonly string[] = Object.freeze(
  Array.from({ length: 1000 }, (_, classId) => IMAGENET_CLASSES[classId]),
);
