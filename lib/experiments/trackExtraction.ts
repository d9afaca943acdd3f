// What a notebook and its launcher hear while features are computed: at 192 pixels it takes minutes.
import type { ExtractOptions, ExtractProgress } from '../training/features';
import type { Run } from './runs';
import { createProgressReporter } from './trackProgress';

/**
 * Callbacks for `extractFeatures`: one line below the cell that moves, and notes for the launcher, at every tenth.
 *
 * @example const features = await extractFeatures(backbone, trainSet, trackExtraction(run));
 */
export function trackExtraction(
  run: Pick<Run, 'progress'>,
): Required<Pick<ExtractOptions, 'onProgress' | 'onNotice'>> {
  const { show, onNotice } = createProgressReporter(run);
  return { onNotice, onProgress: (progress) => show(describeExtraction(progress)) };
}

/** `features: 40 % of 9,000 pictures, 2,500 from the cache`. */
export function describeExtraction({ done, total, cached }: ExtractProgress): string {
  const percent = 10 * Math.floor((10 * done) / total);
  const fromCache = cached > 0 ? `, ${cached.toLocaleString('en')} from the cache` : '';
  return `features: ${percent} % of ${total.toLocaleString('en')} pictures${fromCache}`;
}
