import { accuracy } from './accuracy';
import { features } from './features';
import { fineTune } from './fineTune';
import { inferCnn, inferMobileNet } from './infer';
import type { Job, ReportJob } from './job';
import { onnx } from './onnx';
import { trainCnn, trainMlp } from './trainSmall';

/** Measured where they are named. */
export const reportJobs: readonly ReportJob[] = [accuracy, onnx];

/** Everything that `npm run bench` measures by itself, in this order. */
export const jobs: readonly Job[] = [
  trainCnn,
  trainMlp,
  fineTune,
  features,
  inferMobileNet,
  inferCnn,
];
