// Figures of how a training recipe was chosen: the learning rate search and the ablation study.
import { meanAndStd, meanInterval } from '../evaluation/statistics';
import { checkOptions } from '../options';
import type { LearningRateSearch } from '../training/learningRateFinder';
import type { ComparisonOptions } from './comparisonFigures';
import type { Axis, BarTrace, Figure, ScatterTrace } from './figure';
import {
  escapeText,
  figureRules,
  figureTitle,
  fractionAxis,
  fractionHover,
  inkColor,
  legendBelow,
  rounded,
  roleStyles,
  rowAxis,
  softInkColor,
  themedAxis,
  themedLayout,
} from './theme';

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
 * Bars by piece, largest cost on top: mean over the seeds of what leaving it out costs, each seed as a small ring, with
 * the 95 % t-interval from three seeds on. A bar whose interval includes 0 shows no effect; without interval it shows none.
 */
export function ablationCostFigure(
  pieces: readonly PieceCost[],
  options: ComparisonOptions = {},
): Figure {
  checkOptions('ablationCostFigure', options, figureRules);
  const rows = pieces
    .map(({ name, costs }) => {
      const { mean } = meanAndStd(costs);
      return { name, costs, mean, margin: (meanInterval(costs)?.high ?? mean) - mean };
    })
    .sort((a, b) => b.mean - a.mean);
  const names = rows.map(({ name }) => escapeText(name));
  const hasIntervals = rows.some(({ costs }) => costs.length >= 3);
  const bars: BarTrace = {
    type: 'bar',
    orientation: 'h',
    name: hasIntervals ? 'mean and 95 % interval' : 'mean (no interval below 3 seeds)',
    x: rows.map(({ mean }) => rounded(mean)),
    y: rows.map((_, row) => row),
    customdata: names,
    marker: { color: roleStyles.validation.color },
    error_x: {
      type: 'data',
      symmetric: true,
      array: rows.map(({ margin }) => rounded(margin)),
      color: inkColor,
      thickness: 1.8,
      width: 6,
    },
    hovertemplate: `%{customdata}: ${fractionHover('x')}`,
  };
  const seeds: ScatterTrace = {
    type: 'scatter',
    mode: 'markers',
    name: 'one seed',
    x: rows.flatMap(({ costs }) => costs.map((cost) => rounded(cost))),
    y: rows.flatMap(({ costs }, row) => costs.map(() => row)),
    customdata: rows.flatMap(({ costs }, row) => costs.map(() => names[row])),
    marker: { color: softInkColor, symbol: 'circle-open', size: 7, line: { width: 1.5 } },
    hovertemplate: `%{customdata}: ${fractionHover('x')}`,
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

/**
 * Loss against learning rate as `findLearningRate` measured it, the suggested rate marked: left of the slope steps are too
 * short to learn, right of the minimum the loss diverges. Thin: each batch; thick: their moving average. The axis ends
 * a little above the first loss; larger losses are cut off.
 */
export function learningRateFigure(
  search: LearningRateSearch,
  options: ComparisonOptions = {},
): Figure {
  checkOptions('learningRateFigure', options, figureRules);
  const { learningRates, losses, smoothedLosses, suggestion } = search;
  if (losses.length === 0) {
    throw new RangeError(
      'Expected at least one loss but received none: pass what findLearningRate returned, of a loss that is finite.',
    );
  }
  const low = Math.min(...losses);
  const high = losses[0];
  const margin = 0.15 * Math.max(high - low, 0.1);
  const range = [low - margin, high + margin] as const;
  const curve = (name: string, values: readonly number[], width: number): ScatterTrace => ({
    type: 'scatter',
    mode: 'lines',
    name,
    x: learningRates.map((rate) => rounded(rate)),
    y: values.map((loss) => rounded(loss)),
    line: { color: roleStyles.training.color, width },
    ...(width > 1
      ? { hovertemplate: '%{y:.3f} at %{x:.2g}' }
      : { opacity: 0.8, hoverinfo: 'skip' as const }),
  });
  const suggested: ScatterTrace = {
    type: 'scatter',
    mode: 'lines',
    name: `suggestion: ${String(rounded(suggestion, 2))}`,
    // A trace and not a shape: its place on the logarithmic axis is the rate itself.
    x: [rounded(suggestion), rounded(suggestion)],
    y: range.map((loss) => rounded(loss)),
    line: { color: inkColor, width: 2, dash: 'dash' },
    hovertemplate: '%{x:.2g}',
  };
  return {
    data: [
      curve('loss of each batch', losses, 1),
      curve('moving average', smoothedLosses, 2.5),
      suggested,
    ],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Loss by learning rate', options.dataset),
      height: 400,
      xaxis: themedAxis('learning rate (log scale)', powersOfTen(learningRates)),
      yaxis: themedAxis('loss (cross-entropy, nats)', { range }),
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
