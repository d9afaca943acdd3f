// Numbers and lines as the terminal shows them. Pure: values in, text out.
import { duration, metricTexts } from '../../../lib/report/trainingSvg';
import type { EpochRecord, StepInfo } from '../../../lib/training/history';

/** Which model an event is about. */
interface Named {
  readonly model: string;
}

type StepProgress = Pick<
  StepInfo,
  'epoch' | 'epochs' | 'stepInEpoch' | 'stepsPerEpoch' | 'train' | 'imagesPerSecond' | 'secondsLeft'
>;
type EpochProgress = Pick<EpochRecord, 'epoch' | 'train' | 'val' | 'seconds' | 'imagesPerSecond'>;

/** `0.4 s`, `12.3 s`, `2 min 5 s`, `1 h 3 min`. */
export function formatSeconds(seconds: number): string {
  return seconds < 99.95 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

/** 6313994 as `6,313,994`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** A bar of `width` characters, `fraction` of it filled. */
export function bar(fraction: number, width: number, { unicode = true } = {}): string {
  const filled = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  const [full, empty] = unicode ? ['█', '░'] : ['#', '.'];
  return full.repeat(filled) + empty.repeat(width - filled);
}

/**
 * Joins parts with two spaces and leaves out the last ones where the line gets longer than `width`.
 *
 * @param parts most important first.
 */
export function fit(parts: readonly string[], width: number): string {
  let line = parts[0];
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length > width) break;
    line += `  ${part}`;
  }
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

/** One step of a training: bar, loss, accuracy, images/s, time left; as much of it as fits into `width`. */
export function formatStep(
  step: StepProgress & Named,
  width: number,
  { unicode = true } = {},
): string {
  const fraction = step.stepInEpoch / step.stepsPerEpoch;
  const barWidth = Math.max(6, Math.min(24, Math.floor(width / 5)));
  return fit(
    [
      `    ${step.model} epoch ${step.epoch}/${step.epochs} ${bar(fraction, barWidth, { unicode })}`,
      ...metricTexts(step.train),
      `${formatSeconds(Math.max(0, step.secondsLeft))} left`,
      `${formatCount(step.imagesPerSecond)} images/s`,
    ],
    width,
  );
}

/** One finished epoch, training and validation. */
export function formatEpoch(
  epoch: EpochProgress & Named,
  epochs: number | undefined,
  width: number,
): string {
  return fit(
    [
      `    ${epoch.model} epoch ${epoch.epoch}${epochs ? `/${epochs}` : ''}`,
      ...metricTexts(epoch.train),
      ...metricTexts(epoch.val ?? {}).map((text) => `val ${text}`),
      formatSeconds(epoch.seconds),
      `${formatCount(epoch.imagesPerSecond)} images/s`,
    ],
    width,
  );
}
