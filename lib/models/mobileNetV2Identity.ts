import { countValues, readKerasH5, type LayerWeights } from './kerasH5';

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

/** 52 convolutions, each with its batch norm. */
const BACKBONE_LAYERS = 104;

/**
 * Says which MobileNetV2 the weights in a Keras .h5 file belong to, by what it holds and not by its name.
 *
 * @throws Error that says what the file is instead.
 */
export async function identifyMobileNetV2(path: string): Promise<MobileNetV2Identity> {
  const file = await readKerasH5(path);
  // Not by the layers' names, which Keras Applications has changed without writing its files anew.
  const layers = [...file.layers].filter(([, weights]) => weights.size > 0);
  const backbone = layers.filter(([, weights]) => !isDense(weights));
  const parameters = backbone.reduce((sum, [, weights]) => sum + countValues(weights), 0);
  const alpha = PARAMETERS[parameters];
  if (alpha === undefined || backbone.length !== BACKBONE_LAYERS) {
    const names = layers.slice(0, 3).map(([name]) => name);
    throw new Error(
      `Expected the weights of MobileNetV2 (alpha ${Object.values(PARAMETERS).sort().join(', ')}) in ${path} ` +
        `but found ${parameters.toLocaleString('en-US')} parameters in ${layers.length} layers ` +
        `(${names.join(', ')}, …): choose a file of Keras' MobileNetV2.`,
    );
  }
  const top = layers.find(([, weights]) => isDense(weights))?.[1];
  return { alpha, hasTop: top?.get('kernel')?.shape[1] === 1000 };
}

/** The top's only layer; a convolution's kernel has four dimensions. */
function isDense(weights: LayerWeights): boolean {
  return weights.get('kernel')?.shape.length === 2;
}
