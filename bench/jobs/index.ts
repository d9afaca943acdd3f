import { features } from './features';
import { fineTune } from './fineTune';
import { inferCnn, inferMobileNet } from './infer';
import type { Job } from './job';
import { trainCnn, trainMlp } from './trainSmall';

/** Everything that `npm run bench` measures, in this order. */
export const jobs: readonly Job[] = [
  trainCnn,
  trainMlp,
  fineTune,
  features,
  inferMobileNet,
  inferCnn,
];
