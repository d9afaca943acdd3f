// The picture of a training under way. Drawn by hand: plotly.js would need a browser five times a second.
import type { MetricValues } from '../evaluation/runningMetrics';
import type { EpochRecord, History, StepInfo } from '../training/history';
import {
  escapeText,
  fontFamily,
  gridColor,
  inkColor,
  seriesColors,
  softInkColor,
  splitDash,
} from './theme';

/** Running means at a place in the training, counted in epochs: 1.5 is the middle of the second. */
export interface CurvePoint {
  readonly epoch: number;
  readonly train: MetricValues;
}

/** Everything that is shown. */
export interface TrainingView {
  readonly title: string;
  /** The latest step; undefined before the first. */
  readonly step: StepInfo | undefined;
  readonly epochs: readonly EpochRecord[];
  readonly stepPoints: readonly CurvePoint[];
  /** One sentence below the curves: that it was resumed, or stopped. */
  readonly notice?: string;
  /** Interrupted: no time is left to tell. */
  readonly isStopped?: boolean;
  /** Once the training is over. */
  readonly history?: History;
}

const WIDTH = 760;
const HEIGHT = 282;
/** What a notice adds to it. */
const NOTICE_HEIGHT = 24;
const BAR = { x: 16, y: 44, width: WIDTH - 32, height: 8 };
const PANEL = { y: 112, width: 316, height: 124 };
const PANEL_X = { loss: 52, accuracy: 428 };
// More dots than that would hide their line.
const MAX_DOTS = 30;
// As in historyFigure: one training has a colour for each split.
const COLORS = { training: seriesColors[1], validation: seriesColors[0] };

/** The state as SVG, 760 × 282 (306 with a notice), a few kilobytes. */
export function trainingSvg(view: TrainingView): string {
  const height = HEIGHT + (view.notice === undefined ? 0 : NOTICE_HEIGHT);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"`,
    ` viewBox="0 0 ${WIDTH} ${height}" font-family="${fontFamily}" font-size="13" fill="${inkColor}">`,
    `<title>${escapeText(trainingText(view))}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(16, 28, view.title, { size: 16 }),
    text(WIDTH - 16, 28, place(view), { anchor: 'end', color: softInkColor }),
    bar(view),
    text(16, 76, numbers(view)),
    panel('loss', view),
    panel('accuracy', view),
    legend(),
    view.notice === undefined ? '' : text(16, HEIGHT + 8, view.notice),
    '</svg>',
  ].join('');
}

/** The state in one line of text. */
export function trainingText(view: TrainingView): string {
  return [view.title, place(view), numbers(view), view.notice].filter(Boolean).join(' · ');
}

function numbers(view: TrainingView): string {
  return view.history ? finalNumbers(view.epochs, view.history) : runningNumbers(view);
}

function place({ step, epochs, history }: TrainingView): string {
  if (history) {
    const count = `${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}`;
    return history.stoppedEarly ? `stopped early after ${count}` : `done: ${count}`;
  }
  if (!step) return 'starting';
  const { epoch, stepInEpoch, stepsPerEpoch } = step;
  return `epoch ${epoch} of ${step.epochs} · step ${whole(stepInEpoch)} of ${whole(stepsPerEpoch)}`;
}

function runningNumbers({ step, epochs, isStopped }: TrainingView): string {
  if (!step) return '';
  const validation = epochs.at(-1)?.val;
  return [
    ...metricTexts(step.train),
    ...(validation ? [`validation accuracy ${validation.accuracy.toFixed(3)}`] : []),
    `${whole(step.imagesPerSecond)} images/s`,
    ...(isStopped ? [] : [`${duration(step.secondsLeft)} left`]),
  ].join(' · ');
}

function finalNumbers(epochs: readonly EpochRecord[], history: History): string {
  const kept = epochs.find(({ epoch }) => epoch === history.bestEpoch) ?? epochs.at(-1);
  if (!kept) return `${duration(history.seconds)}`;
  return [
    ...(history.bestEpoch === undefined ? [] : [`epoch ${history.bestEpoch} kept`]),
    ...metricTexts(kept.train),
    ...(kept.val ? [`validation accuracy ${kept.val.accuracy.toFixed(3)}`] : []),
    `${whole(kept.imagesPerSecond)} images/s`,
    duration(history.seconds),
  ].join(' · ');
}

/** `loss 0.482`, `accuracy 0.851`, and what else is measured. */
function metricTexts(values: MetricValues): string[] {
  return Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(3)}`);
}

/** The bar, with a notch at each epoch's end as long as these are distinguishable. */
function bar({ step, history }: TrainingView): string {
  const { x, y, width, height } = BAR;
  const fraction = history ? 1 : step ? step.step / (step.epochs * step.stepsPerEpoch) : 0;
  const rect = (length: number, color: string) =>
    `<rect x="${x}" y="${y}" width="${round(length)}" height="${height}" rx="4" fill="${color}"/>`;
  const count = step?.epochs ?? 0;
  const notches = Array.from({ length: count > 50 ? 0 : Math.max(0, count - 1) }, (_, index) => {
    const at = round(x + (width * (index + 1)) / count);
    return `<path d="M${at} ${y}v${height}" stroke="#ffffff"/>`;
  });
  const done = history ? seriesColors[2] : seriesColors[0];
  return rect(width, gridColor) + rect(width * Math.min(1, fraction), done) + notches.join('');
}

const labels = { loss: 'loss (nats)', accuracy: 'accuracy (fraction)' } as const;

function panel(measure: keyof typeof labels, view: TrainingView): string {
  const label = labels[measure];
  const { y: top, width, height } = PANEL;
  const left = PANEL_X[measure];
  const lastEpoch = Math.max(1, view.step?.epochs ?? 1, view.epochs.at(-1)?.epoch ?? 1);
  const curve = (values: readonly { x: number; y: number | null }[]) =>
    values.filter((point): point is Point => point.y !== null && Number.isFinite(point.y));
  const trained = curve(
    view.epochs.map((record) => ({ x: record.epoch, y: record.train[measure] })),
  );
  const validated = curve(
    view.epochs.map(({ epoch, val }) => ({ x: epoch, y: val?.[measure] ?? null })),
  );
  const running = curve(
    view.stepPoints.map((point) => ({ x: point.epoch, y: point.train[measure] })),
  );
  const ticks = niceTicks([...trained, ...validated, ...running].map(({ y }) => y));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const toX = (x: number) => round(left + (x / lastEpoch) * width);
  const toY = (y: number) => round(top + height - ((y - low) / (high - low)) * height);
  const path = (points: readonly Point[]) =>
    points.map(({ x, y }, index) => `${index ? 'L' : 'M'}${toX(x)} ${toY(y)}`).join('');
  const line = (points: readonly Point[], split: keyof typeof splitDash) =>
    points.length === 0
      ? ''
      : `<path d="${path(points)}" fill="none" stroke="${COLORS[split]}" stroke-width="2"` +
        `${dash(split)}/>` +
        (points.length > MAX_DOTS ? [] : points)
          .map(
            ({ x, y }) => `<circle cx="${toX(x)}" cy="${toY(y)}" r="3" fill="${COLORS[split]}"/>`,
          )
          .join('');
  const grid = ticks.map(
    (tick) =>
      `<path d="M${left} ${toY(tick)}h${width}" stroke="${gridColor}"/>` +
      text(left - 6, toY(tick) + 4, tickText(tick), { size: 11, anchor: 'end' }),
  );
  const epochs = epochTicks(lastEpoch).map((epoch) =>
    text(toX(epoch), top + height + 16, String(epoch), { size: 11, anchor: 'middle' }),
  );
  return [
    text(left, top - 12, label, { size: 12, color: softInkColor }),
    text(left + width, top + height + 32, 'epoch', {
      size: 12,
      anchor: 'end',
      color: softInkColor,
    }),
    ...grid,
    ...epochs,
    ...byEpoch(running).map(
      (points) =>
        `<path d="${path(points)}" fill="none" stroke="${COLORS.training}" opacity="0.45"/>`,
    ),
    line(trained, 'training'),
    line(validated, 'validation'),
  ].join('');
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Running means restart with each epoch: no line joins the end of one to the start of the next. */
function byEpoch(points: readonly Point[]): Point[][] {
  const epochs = new Map<number, Point[]>();
  for (const point of points) {
    const epoch = Math.ceil(point.x);
    epochs.set(epoch, [...(epochs.get(epoch) ?? []), point]);
  }
  return [...epochs.values()];
}

function legend(): string {
  const entry = (x: number, split: keyof typeof splitDash) =>
    `<path d="M${x} ${HEIGHT - 18}h28" stroke="${COLORS[split]}" stroke-width="2"${dash(split)}/>` +
    text(x + 34, HEIGHT - 14, split, { size: 12 });
  return entry(PANEL_X.loss, 'training') + entry(PANEL_X.loss + 112, 'validation');
}

function dash(split: keyof typeof splitDash): string {
  return splitDash[split] === 'dot' ? ' stroke-dasharray="3 3"' : '';
}

function text(
  x: number,
  y: number,
  content: string,
  style: { size?: number; anchor?: 'middle' | 'end'; color?: string } = {},
): string {
  const { size, anchor, color } = style;
  const attributes = [
    size === undefined ? '' : ` font-size="${size}"`,
    anchor === undefined ? '' : ` text-anchor="${anchor}"`,
    color === undefined ? '' : ` fill="${color}"`,
  ].join('');
  return `<text x="${x}" y="${y}"${attributes}>${escapeText(content)}</text>`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// Round numbers along the axes of the hand-drawn curves, and durations in words.

/** Three to six round values that enclose all of `values`; loss and accuracy never go below 0. */
export function niceTicks(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low)) return [0, 0.5, 1];
  const rough = Math.max(high - low, 1e-3 * Math.max(1, high)) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.max(0, Math.floor(low / step));
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** At most ten epochs of equal distance. */
function epochTicks(lastEpoch: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => lastEpoch / size <= 10) ?? 1000;
  return Array.from({ length: Math.floor(lastEpoch / step) }, (_, index) => (index + 1) * step);
}

/** A tick's value, without the dust of binary fractions. */
function tickText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}
