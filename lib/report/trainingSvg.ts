// The picture of a training under way. Drawn by hand: plotly.js would need a browser five times a second.
import type { MetricValues } from '../evaluation/runningMetrics';
import type { EpochRecord, History, StepInfo, TrainingStart } from '../training/history';
import { darkSvgStyle } from './pageStyle';
import {
  escapeText,
  fontFamily,
  gridColor,
  inkColor,
  fractionText,
  roleStyles,
  seriesColors,
  softInkColor,
} from './theme';

/** Running means at a place in the training, counted in epochs: 1.5 is the middle of the second. */
export interface CurvePoint {
  readonly epoch: number;
  readonly train: MetricValues;
}

/** Everything that is shown. */
export interface TrainingView {
  readonly title: string;
  /** How long the training is; undefined until that is known. */
  readonly plan?: TrainingStart;
  /** The latest step; undefined before the first of this session. */
  readonly step: StepInfo | undefined;
  readonly epochs: readonly EpochRecord[];
  readonly stepPoints: readonly CurvePoint[];
  /** Steps after which it was resumed. */
  readonly resumedAfter?: readonly number[];
  /** One sentence below the curves: that it was resumed, or stopped. */
  readonly notice?: string;
  /** Interrupted: no time is left to tell. */
  readonly isStopped?: boolean;
  /** Once the training is over. */
  readonly history?: History;
}

const WIDTH = 760;
/** Always with a line for a notice: nothing below the picture moves when there is one. */
const HEIGHT = 306;
const LEGEND_Y = 270;
const NOTICE_Y = 294;
const BAR = { x: 16, y: 44, width: WIDTH - 32, height: 8 };
const PANEL = { y: 112, width: 316, height: 124 };
const PANEL_X = { loss: 52, accuracy: 428 };
/** A panel with its legend, from the left or from the right end. */
const PART = { y: 86, width: 384, height: 198 };
// More dots than that would hide their line.
const MAX_DOTS = 30;
/** One training has a colour for each of the two, as in historyFigure. */
type Split = 'training' | 'validation';

const TRAINING_CLASS = 'training';

/** The state as SVG, always 760 × 306, a few kilobytes. */
export function trainingSvg(view: TrainingView): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="${TRAINING_CLASS}" width="${WIDTH}" height="${HEIGHT}"`,
    ` viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="${fontFamily}" font-size="13" fill="${inkColor}">`,
    `<title>${escapeText(trainingText(view))}</title>${darkSvgStyle}`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(16, 28, view.title, { size: 16 }),
    text(WIDTH - 16, 28, place(view), { anchor: 'end', color: softInkColor }),
    bar(view),
    text(16, 76, numbers(view)),
    panel('loss', view),
    panel('accuracy', view),
    legend(view),
    view.notice ? text(16, NOTICE_Y, view.notice) : '',
    '</svg>',
  ].join('');
}

/**
 * Such an SVG as HTML for `pageStyle`: whole, or on a phone its title as text and its two panels below each other. Undefined for an
 * SVG that is another drawing.
 *
 * @param id that nothing else on the page has.
 */
export function trainingHtml(svg: string, id: string): string | undefined {
  const [head = '', title = ''] = /^<svg[^>]*><title>([^<]*)<\/title>/.exec(svg) ?? [];
  if (!head.includes(` class="${TRAINING_CLASS}" `)) return undefined;
  const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  const image = `<image id="${id}" width="${WIDTH}" height="${HEIGHT}" href="${source}"/>`;
  const part = (x: number) =>
    `<svg class="part" viewBox="${x} ${PART.y} ${PART.width} ${PART.height}" aria-hidden="true"><use href="#${id}"/></svg>`;
  return (
    `<div class="training"><svg class="whole" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title.replaceAll('"', '&quot;')}">${image}</svg>` +
    `<p class="part">${title}</p>${part(0)}${part(WIDTH - PART.width)}</div>`
  );
}

/** The state in one line of text. */
export function trainingText(view: TrainingView): string {
  return [view.title, place(view), numbers(view), view.notice].filter(Boolean).join(' · ');
}

function numbers(view: TrainingView): string {
  return view.history ? finalNumbers(view.epochs, view.history) : runningNumbers(view);
}

function place({ step, epochs, isStopped, history }: TrainingView): string {
  if (history) {
    const count = `${epochs.length} ${epochs.length === 1 ? 'epoch' : 'epochs'}`;
    return history.stoppedEarly ? `stopped early after ${count}` : `done: ${count}`;
  }
  if (!step) return isStopped ? 'stopped' : 'preparing: the first step is being compiled';
  const { epoch, stepInEpoch, stepsPerEpoch } = step;
  return `epoch ${epoch} of ${step.epochs} · step ${whole(stepInEpoch)} of ${whole(stepsPerEpoch)}`;
}

function runningNumbers({ step, epochs, isStopped }: TrainingView): string {
  if (!step) return '';
  const validation = epochs.at(-1)?.val;
  return [
    ...metricTexts(step.train),
    ...(validation ? [`validation accuracy ${fractionText(validation.accuracy)}`] : []),
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
    ...(kept.val ? [`validation accuracy ${fractionText(kept.val.accuracy)}`] : []),
    `${whole(kept.imagesPerSecond)} images/s`,
    duration(history.seconds),
  ].join(' · ');
}

/** `loss 0.482`, `accuracy 0.851`, and what else is measured. */
export function metricTexts(values: MetricValues): string[] {
  return Object.entries(values).map(([name, value]) => `${name} ${fractionText(value)}`);
}

/** The bar, with a notch at each epoch's end as long as these are distinguishable. */
function bar({ plan, step, resumedAfter, history }: TrainingView): string {
  const { x, y, width, height } = BAR;
  const done = step?.step ?? resumedAfter?.at(-1) ?? 0;
  const fraction = history ? 1 : plan ? done / (plan.epochs * plan.stepsPerEpoch) : 0;
  const rect = (length: number, color: string) =>
    `<rect x="${x}" y="${y}" width="${round(length)}" height="${height}" rx="4" fill="${color}"/>`;
  const count = plan?.epochs ?? 0;
  const notches = Array.from({ length: count > 50 ? 0 : Math.max(0, count - 1) }, (_, index) => {
    const at = round(x + (width * (index + 1)) / count);
    return `<path d="M${at} ${y}v${height}" stroke="#ffffff"/>`;
  });
  const color = history ? seriesColors[4] : seriesColors[0];
  return rect(width, gridColor) + rect(width * Math.min(1, fraction), color) + notches.join('');
}

const labels = { loss: 'loss (nats)', accuracy: 'accuracy (fraction)' } as const;

function panel(measure: keyof typeof labels, view: TrainingView): string {
  const label = labels[measure];
  const { y: top, width, height } = PANEL;
  const left = PANEL_X[measure];
  const { plan, resumedAfter = [] } = view;
  const lastEpoch = Math.max(1, plan?.epochs ?? 1, view.epochs.at(-1)?.epoch ?? 1);
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
  // From 0, and accuracy to 1: the scale is then the same from the first steps, where the loss is highest, to the end.
  const range = measure === 'accuracy' ? [0, 1] : [];
  const values = [...trained, ...validated, ...running].map(({ y }) => y);
  const ticks = niceTicks(values.length > 0 ? [0, ...range, ...values] : range);
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const toX = (x: number) => round(left + (x / lastEpoch) * width);
  const toY = (y: number) => round(top + height - ((y - low) / (high - low)) * height);
  const path = (points: readonly Point[]) =>
    points.map(({ x, y }, index) => `${index ? 'L' : 'M'}${toX(x)} ${toY(y)}`).join('');
  const line = (points: readonly Point[], split: Split) =>
    points.length === 0
      ? ''
      : `<path d="${path(points)}" fill="none" stroke="${roleStyles[split].color}" stroke-width="2"` +
        `${dash(split)}/>` +
        (points.length > MAX_DOTS ? [] : points)
          .map(
            ({ x, y }) =>
              `<circle cx="${toX(x)}" cy="${toY(y)}" r="3" fill="${roleStyles[split].color}"/>`,
          )
          .join('');
  const resumed = (x: number) => resumptionLine(x, top, height);
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
    text(left - 6, top + height + 16, 'epoch', { size: 11, anchor: 'end', color: softInkColor }),
    ...grid,
    ...epochs,
    ...(plan ? resumedAfter.map((step) => resumed(toX(step / plan.stepsPerEpoch))) : []),
    running.length === 0
      ? ''
      : `<path d="${byEpoch(running).map(path).join('')}" ${RUNNING_LINE}/>`,
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

/** Mean over the epoch so far: the same colour as at the epoch's end, lighter. */
const RUNNING_LINE = `fill="none" stroke="${roleStyles.training.color}" stroke-width="1.5" opacity="0.55"`;

function resumptionLine(x: number, y: number, height: number): string {
  return `<path d="M${x} ${y}v${height}" stroke="${softInkColor}" stroke-dasharray="6 3"/>`;
}

/** All that a training can have, from the first picture on; what it resumed, too, where it did. */
function legend({ resumedAfter = [] }: TrainingView): string {
  const line = (x: number, style: string) => `<path d="M${x} ${LEGEND_Y}h28" ${style}/>`;
  const label = (x: number, words: string) => text(x + 34, LEGEND_Y + 4, words, { size: 12 });
  const split = (x: number, name: Split) =>
    line(x, `stroke="${roleStyles[name].color}" stroke-width="2"${dash(name)}`) + label(x, name);
  return [
    split(PANEL_X.loss, 'training'),
    line(PANEL_X.loss + 112, RUNNING_LINE) + label(PANEL_X.loss + 112, 'training, epoch so far'),
    split(PANEL_X.accuracy, 'validation'),
    resumedAfter.length === 0
      ? ''
      : resumptionLine(PANEL_X.accuracy + 126, LEGEND_Y - 8, 16) +
        text(PANEL_X.accuracy + 136, LEGEND_Y + 4, 'resumed', { size: 12 }),
  ].join('');
}

function dash(split: Split): string {
  return roleStyles[split].dash === 'dot' ? ' stroke-dasharray="3 3"' : '';
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
