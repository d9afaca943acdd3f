/** Improves a recorded graph before TensorFlow sees it. */
import type { RecordedStep } from './trace';

export function rewriteGraph(
  recorded: RecordedStep,
  _options: { readonly bfloat16: boolean },
): RecordedStep {
  return recorded;
}
