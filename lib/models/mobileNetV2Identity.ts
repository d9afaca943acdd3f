import { readKerasH5, type KerasWeightsFile } from './kerasH5';

/** Which MobileNetV2 a file of weights belongs to. */
export interface MobileNetV2Identity {
  readonly alpha: number;
  /** Whether the 1000-class top is in the file. */
  readonly hasTop: boolean;
}

/** Keras' `count_params()` of MobileNetV2 without its top: no two widths share a number. */
const PARAMETERS: Readonly<Record<number, number>> = {
  410_208: 0.35,
  706_224: 0.5,
  1_382_064: 0.75,
  2_257_984: 1,
  3_766_048: 1.3,
  4_363_712: 1.4,
};

/**
 * Says which MobileNetV2 the weights in a Keras .h5 file belong to, by what it holds and not by its name.
 *
 * @throws Error that says what the file is instead.
 */
export async function identifyMobileNetV2(path: string): Promise<MobileNetV2Identity> {
  const file = await readKerasH5(path);
  const alpha = PARAMETERS[countBackbone(file)];
  const isMobileNetV2 = ['Conv1', 'block_16_project', 'Conv_1'].every((name) =>
    file.layers.has(name),
  );
  if (!isMobileNetV2 || alpha === undefined) {
    const names = [...file.layers].filter(([, weights]) => weights.size > 0).map(([name]) => name);
    throw new Error(
      `Expected the weights of MobileNetV2 (alpha ${Object.values(PARAMETERS).sort().join(', ')}) in ${path} ` +
        `but found ${countBackbone(file).toLocaleString('en-US')} parameters in ${names.length} layers ` +
        `(${names.slice(0, 3).join(', ')}, …): choose a file of Keras' MobileNetV2.`,
    );
  }
  return { alpha, hasTop: file.layers.get('predictions')?.get('kernel')?.shape[1] === 1000 };
}

/** Parameters of all layers but the top. */
function countBackbone({ layers }: KerasWeightsFile): number {
  let total = 0;
  for (const [name, weights] of layers) {
    if (name === 'predictions') continue;
    for (const { values } of weights.values()) total += values.length;
  }
  return total;
}
