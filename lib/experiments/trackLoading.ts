// What a notebook and its launcher hear while pictures are loaded: a download takes minutes.
import type { LoadDatasetOptions, LoadProgress } from '../data/loadDataset';
import type { Run } from './runs';
import { createProgressReporter } from './trackProgress';

/** A watcher hears of every tenth; of an unknown total, every 20 MB or 1000 pictures. */
const TENTHS = 10;
const UNKNOWN_STEP = { bytes: 20e6, pictures: 1000 } as const;

/**
 * Callbacks for `loadDataset`: one line below the cell that moves, and notes for the launcher.
 *
 * @example const dataset = await loadDataset({ seed, ...trackLoading(run) });
 */
export function trackLoading(
  run: Pick<Run, 'progress'>,
): Required<Pick<LoadDatasetOptions, 'onProgress' | 'onNotice'>> {
  const { show, onNotice } = createProgressReporter(run);
  return { onNotice, onProgress: (progress) => show(describeLoading(progress)) };
}

/** `downloading CIFAR-10: 40 % of 170 MB`, in steps coarse enough to be said one by one. */
export function describeLoading({ activity, done, total, unit }: LoadProgress): string {
  if (total === null) {
    const step = UNKNOWN_STEP[unit];
    return `${activity}: ${amount(Math.floor(done / step) * step, unit)}`;
  }
  const tenths = total === 0 ? TENTHS : Math.floor((TENTHS * done) / total);
  return `${activity}: ${(100 / TENTHS) * tenths} % of ${amount(total, unit)}`;
}

function amount(count: number, unit: LoadProgress['unit']): string {
  return unit === 'bytes' ? `${Math.round(count / 1e6)} MB` : `${count} pictures`;
}
