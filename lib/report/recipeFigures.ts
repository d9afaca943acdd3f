// How a training recipe was found: the trial of learning rates, and what each of its pieces is worth.
import { meanAndStd } from '../evaluation/statistics';
import { anyValue, checkOptions, required, text } from '../options';
import type { Axis, BarTrace, Figure, ScatterTrace } from './figure';
import {
  type DatasetLabel,
  escapeText,
  figureTitle,
  fractionAxis,
  inkColor,
  legendBelow,
  rounded,
  rowAxis,
  seriesStyle,
  themedAxis,
  themedLayout,
} from './theme';

export interface RecipeFigureOptions {
  readonly dataset: DatasetLabel;
  readonly title?: string;
}

const rules = { dataset: required(anyValue), title: text };

/** What leaving one piece out costs, seed by seed. */
export interface PieceCost {
  /** The piece, e.g. `flips`. */
  readonly name: string;
  /**
   * Accuracy (fraction) of the whole recipe less that of the recipe without the piece, one per seed, both of the same
   * seed: above 0 the piece helps.
   */
  readonly costs: readonly number[];
}

/**
 * A bar per piece, the dearest on top: mean ± sample standard deviation over the seeds of what leaving it out costs, each
 * seed as a small ring. A bar whose error reaches over 0 shows nothing.
 */
export function ablationCostFigure(
  pieces: readonly PieceCost[],
  options: RecipeFigureOptions,
): Figure {
  checkOptions('ablationCostFigure', options, rules);
  const rows = pieces
    .map(({ name, costs }) => ({ name, costs, ...meanAndStd(costs) }))
    .sort((a, b) => b.mean - a.mean);
  const names = rows.map(({ name }) => escapeText(name));
  const bars: BarTrace = {
    type: 'bar',
    orientation: 'h',
    name: 'mean ± std',
    x: rows.map(({ mean }) => rounded(mean)),
    y: names,
    marker: { color: seriesStyle(0).color },
    error_x: {
      type: 'data',
      symmetric: true,
      array: rows.map(({ std }) => rounded(std)),
      color: inkColor,
      thickness: 1.8,
      width: 6,
    },
    hovertemplate: '%{x:.4f}',
  };
  const { color, symbol } = seriesStyle(1);
  const seeds: ScatterTrace = {
    type: 'scatter',
    mode: 'markers',
    name: 'one seed',
    x: rows.flatMap(({ costs }) => costs.map((cost) => rounded(cost))),
    y: rows.flatMap(({ costs }, row) => costs.map(() => names[row])),
    marker: { color, symbol: `${symbol}-open`, size: 7, line: { width: 1.5 } },
    hovertemplate: '%{x:.4f}',
    cliponaxis: false,
  };
  return {
    data: [bars, seeds],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'What leaving a piece out costs', options.dataset),
      height: 180 + 34 * rows.length,
      xaxis: fractionAxis('validation accuracy lost', { zeroline: true }),
      yaxis: rowAxis(
        rows.map(({ name }) => name),
        { showgrid: false },
      ),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** Losses of a training whose learning rate grew with every step; `findLearningRate` returns it. */
export interface LearningRateTrial {
  /** Growing, greater than 0. */
  readonly learningRates: readonly number[];
  /** Training loss (cross-entropy, nats) at each of them. */
  readonly losses: readonly number[];
  /** The rate to train with. */
  readonly suggestion: number;
}

/**
 * Loss against learning rate, the suggested one marked: left of the valley steps are too short to learn, right of it the
 * loss breaks out upwards. The axis of losses ends a little above the first one; what breaks out leaves the panel.
 */
export function learningRateFigure(
  { learningRates, losses, suggestion }: LearningRateTrial,
  options: RecipeFigureOptions,
): Figure {
  checkOptions('learningRateFigure', options, rules);
  if (learningRates.length !== losses.length || losses.length === 0) {
    throw new RangeError(
      `Expected a loss for each of the ${learningRates.length} learning rates, and at least one, but received ` +
        `${losses.length}: pass what findLearningRate returned.`,
    );
  }
  const finite = losses.filter(Number.isFinite);
  const low = Math.min(...finite);
  const high = losses.find(Number.isFinite) ?? 0;
  const margin = 0.15 * Math.max(high - low, 0.1);
  const [bottom, top] = [low - margin, high + margin];
  const { color } = seriesStyle(0);
  const curve: ScatterTrace = {
    type: 'scatter',
    mode: 'lines',
    name: 'loss',
    x: learningRates.map((rate) => rounded(rate)),
    y: losses.map((loss) => rounded(loss)),
    line: { color, width: 2 },
    hovertemplate: '%{y:.3f} at %{x:.2g}',
  };
  const mark = seriesStyle(1);
  const suggested: ScatterTrace = {
    type: 'scatter',
    mode: 'lines',
    name: `suggestion: ${String(rounded(suggestion, 2))}`,
    // A trace and not a shape: its place on the logarithmic axis is the rate itself.
    x: [rounded(suggestion), rounded(suggestion)],
    y: [rounded(bottom), rounded(top)],
    line: { color: mark.color, width: 2, dash: 'dash' },
    hovertemplate: '%{x:.2g}',
  };
  return {
    data: [curve, suggested],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Loss by learning rate', options.dataset),
      height: 400,
      xaxis: themedAxis('learning rate (log scale)', powersOfTen(learningRates)),
      yaxis: themedAxis('loss (cross-entropy, nats)', { range: [bottom, top] }),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** A logarithmic axis with whole powers as its ticks: Plotly's own would say 100µ for 0.0001. */
function powersOfTen(values: readonly number[]): Axis {
  const first = Math.ceil(Math.log10(Math.min(...values)));
  const last = Math.floor(Math.log10(Math.max(...values)));
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    Number(`1e${first + index}`),
  );
  return { type: 'log', tickmode: 'array', tickvals: ticks, ticktext: ticks.map(String) };
}
