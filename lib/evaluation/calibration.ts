/** Whether a classifier is as often right as it says, and the temperature that makes it so: Guo et al. 2017. */
import { likeliestClasses, softmax } from './labels';
import type { LabelledProbabilities } from './ranking';
import { CONFIDENCE_BINS, type LabelledOutputs, METRICS } from './runningMetrics';
import { SMALLEST_PROBABILITY } from './score';

/** Pictures of which a model was about equally sure. */
export interface ConfidenceBin {
  readonly pictures: number;
  /** The mean probability of the predicted classes. */
  readonly confidence: number;
  /** The fraction that was predicted rightly. */
  readonly accuracy: number;
}

/** The pictures by the probability of their predicted class, in the bins of the metric `ece`; without the empty ones. */
export function confidenceBins(outputs: LabelledOutputs): ConfidenceBin[] {
  const sums = METRICS.ece.sums(outputs);
  const bins = Array.from({ length: CONFIDENCE_BINS }, (_, bin) => ({
    pictures: sums[bin],
    confidence: sums[CONFIDENCE_BINS + bin] / sums[bin],
    accuracy: sums[2 * CONFIDENCE_BINS + bin] / sums[bin],
  }));
  return bins.filter(({ pictures }) => pictures > 0);
}

/** Between these, where probabilities of exactly 0 and 1 would lead further. */
const TEMPERATURES = { least: 0.1, most: 10 } as const;

/**
 * The temperature at which the probabilities' mean cross-entropy is least, from .1 to 10. It changes how sure a classifier
 * is and never which class is likeliest.
 *
 * Of n pictures, each counts as 1 / (n + 1) of any class: else a model without a mistake on a few pictures would become sure
 * of everything (after Platt 1999, section 2.2, whose targets are (n + 1) / (n + 2)).
 *
 * @param outputs of pictures that the model was not trained on, without a temperature.
 */
export function fitTemperature(outputs: LabelledProbabilities): number {
  const { labels, numClasses } = outputs;
  const logits = logarithms(outputs.probabilities);
  const anyClass = 1 / (labels.length + 1);
  // In 1 / temperature the loss is convex, so its slope rises: Newton's steps, within bounds that close around its zero.
  let [low, high] = [1 / TEMPERATURES.most, 1 / TEMPERATURES.least];
  let inverse = 1;
  for (let step = 0, previous = 0; step < 100 && Math.abs(inverse - previous) > 1e-10; step++) {
    const probabilities = softmax(
      logits.map((logit) => logit * inverse),
      numClasses,
    );
    let [slope, curvature] = [0, 0];
    for (let index = 0; index < labels.length; index++) {
      let [mean, square, plain] = [0, 0, 0];
      for (let place = index * numClasses; place < (index + 1) * numClasses; place++) {
        mean += probabilities[place] * logits[place];
        square += probabilities[place] * logits[place] ** 2;
        plain += logits[place] / numClasses;
      }
      const logit = logits[index * numClasses + labels[index]];
      slope += mean - (logit + anyClass * (plain - logit));
      curvature += square - mean ** 2;
    }
    if (slope > 0) high = inverse;
    else low = inverse;
    previous = inverse;
    const next = inverse - slope / curvature;
    inverse = next > low && next < high ? next : (low + high) / 2;
  }
  return 1 / inverse;
}

/** What a classifier with that temperature predicts instead: p^(1 / temperature), each row divided by its sum. */
export function applyTemperature(
  { probabilities, numClasses }: Omit<LabelledProbabilities, 'labels'>,
  temperature: number,
): Float32Array {
  const logits = logarithms(probabilities).map((logit) => logit / temperature);
  return Float32Array.from(softmax(logits, numClasses));
}

function logarithms(probabilities: ArrayLike<number>): Float64Array {
  return Float64Array.from(probabilities, (p) => Math.log(Math.max(p, SMALLEST_PROBABILITY)));
}

/** What a classifier is worth that is silent where it is not sure enough. */
export interface Coverage {
  /** The probability that its prediction must have. */
  readonly atLeast: number;
  /** The fraction of the pictures of which it says something. */
  readonly coverage: number;
  /** The fraction of those that it names rightly. */
  readonly accuracy: number;
}

/** For thresholds of 0, .05, … .95 and .99, as far as any picture reaches them (the risk-coverage curve, El-Yaniv & Wiener 2010). */
export function coverageCurve({ probabilities, labels, numClasses }: LabelledOutputs): Coverage[] {
  const predicted = likeliestClasses(Float32Array.from(probabilities), numClasses);
  const thresholds = [...Array.from({ length: 20 }, (_, index) => index / 20), 0.99];
  return thresholds.flatMap((atLeast) => {
    const sure = Array.from(labels.keys()).filter(
      (index) => probabilities[index * numClasses + predicted[index]] >= atLeast,
    );
    const right = sure.filter((index) => predicted[index] === labels[index]).length;
    if (sure.length === 0) return [];
    return [{ atLeast, coverage: sure.length / labels.length, accuracy: right / sure.length }];
  });
}
