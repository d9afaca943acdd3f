// Accuracies side by side: models, settings, numbers of pictures.
import type { Interval } from '../evaluation/metrics';
import type { MetricValues } from '../evaluation/runningMetrics';
import { meanAndStd } from '../evaluation/statistics';
import { anyValue, checkOptions, oneOf, text } from '../options';
import type { ErrorBars, Figure, LineShape, ScatterTrace } from './figure';
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
  softInkColor,
  themedAxis,
  themedLayout,
} from './theme';

/** Options of a figure over several models, settings or recipes. */
export interface ComparisonOptions {
  /** Named in the title; `run.show` names the run's. */
  readonly dataset?: DatasetLabel;
  readonly title?: string;
}

/** What a finished model reached; a run's record of a model fits. */
export interface ModelScores {
  readonly name: string;
  /** Null for a model that was not tested. */
  readonly test: MetricValues | null;
  /** The 95 % interval of the test accuracy. */
  readonly interval?: Interval;
  readonly train?: MetricValues | null;
  readonly val?: MetricValues | null;
}

export const comparisonRules = { dataset: anyValue, title: text };

/**
 * One row per model, first on top: test accuracy with its 95 % interval, beside it training and
 * validation accuracy as hollow marks. A gap from training to test is
 * overfitting. `metric` names another one than accuracy, which then has no interval.
 */
export function comparisonFigure(
  models: readonly ModelScores[],
  options: ComparisonOptions & { readonly metric?: string } = {},
): Figure {
  checkOptions('comparisonFigure', options, { ...comparisonRules, metric: text });
  const { metric = 'accuracy' } = options;
  const names = models.map(({ name }) => escapeText(name));
  const hollow = (name: string, key: 'train' | 'val', index: number) => ({
    ...dots({ name, names, values: models.map((model) => rounded(model[key]?.[metric])) }),
    marker: { ...hollowMarker(index), size: 10 },
  });
  const test: ScatterTrace = {
    ...dots({ name: 'test', names, values: models.map((model) => rounded(model.test?.[metric])) }),
    mode: 'markers+text',
    text: models.map(({ test }) => test?.[metric]?.toFixed(4) ?? ''),
    textposition: 'top center',
    textfont: { color: inkColor },
    marker: { color: seriesStyle(0).color, size: 12, symbol: 'circle' },
    ...(metric === 'accuracy' ? { error_x: intervalBars(models) } : {}),
  };
  const traces = [hollow('training', 'train', 1), hollow('validation', 'val', 2), test];
  return {
    data: traces.filter(({ y }) => y.length > 0),
    layout: themedLayout({
      title: figureTitle(
        options.title ??
          (metric === 'accuracy' ? 'Accuracy of the models' : `${metric} of the models`),
        options.dataset,
      ),
      height: 180 + 56 * models.length,
      xaxis: metric === 'accuracy' ? fractionAxis(metric) : themedAxis(escapeText(metric)),
      yaxis: rowAxis(models.map(({ name }) => name)),
      showlegend: true,
      legend: { ...legendBelow, traceorder: 'reversed' },
      hovermode: 'closest',
    }),
  };
}

/** One setting of an ablation, with the accuracy of each seed that was run. */
export interface SettingAccuracies {
  readonly name: string;
  readonly accuracies: readonly number[];
}

/**
 * One row per setting, first on top: mean ± sample standard deviation over the seeds, each seed as a
 * small dot, and a line at the baseline's mean.
 */
export function ablationFigure(
  settings: readonly SettingAccuracies[],
  options: ComparisonOptions & {
    /** Name of the setting that the others are held against. */
    readonly baseline?: string;
    /** On which pictures the accuracies were measured. Default test. */
    readonly split?: 'validation' | 'test';
  } = {},
): Figure {
  checkOptions('ablationFigure', options, {
    ...comparisonRules,
    baseline: text,
    split: oneOf('validation', 'test'),
  });
  const names = settings.map(({ name }) => escapeText(name));
  const means = settings.map(({ accuracies }) => meanAndStd(accuracies));
  const { color, symbol } = seriesStyle(0);
  const seeds: ScatterTrace = {
    ...dots({ name: 'one seed', names: [], values: [] }),
    x: settings.flatMap(({ accuracies }) => accuracies.map((value) => rounded(value))),
    y: settings.flatMap(({ accuracies }, row) => accuracies.map(() => row)),
    customdata: settings.flatMap(({ accuracies }, row) => accuracies.map(() => names[row])),
    marker: { ...hollowMarker(1), size: 6 },
  };
  const mean: ScatterTrace = {
    ...dots({ name: 'mean ± std', names, values: means.map((value) => rounded(value.mean)) }),
    marker: { color, size: 11, symbol },
    error_x: errorBars(means.map(({ std }) => rounded(std))),
  };
  const baselineRow = settings.findIndex(({ name }) => name === options.baseline);
  if (options.baseline !== undefined && baselineRow < 0) {
    throw new RangeError(
      `Expected baseline to be the name of a setting (${names.join(', ')}) but received ` +
        `"${options.baseline}": pass one of these names.`,
    );
  }
  return {
    data: [mean, seeds],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Ablation', options.dataset),
      height: 170 + 36 * settings.length,
      xaxis: fractionAxis(`${options.split ?? 'test'} accuracy`),
      yaxis: rowAxis(settings.map(({ name }) => name)),
      shapes: baselineRow < 0 ? [] : [verticalLine(means[baselineRow].mean)],
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** A method and what it reached with few and with many pictures. */
export interface DataEfficiencySeries {
  readonly name: string;
  readonly points: ReadonlyArray<{
    readonly picturesPerClass: number;
    /** One per seed. */
    readonly accuracies: readonly number[];
  }>;
}

/** Test accuracy (mean ± sample standard deviation over seeds) by training pictures per class. */
export function dataEfficiencyFigure(
  series: readonly DataEfficiencySeries[],
  options: ComparisonOptions = {},
): Figure {
  checkOptions('dataEfficiencyFigure', options, comparisonRules);
  const counts = [
    ...new Set(
      series.flatMap(({ points }) => points.map(({ picturesPerClass }) => picturesPerClass)),
    ),
  ].sort((a, b) => a - b);
  return {
    data: series.map(({ name, points }, index) => {
      const { color, symbol } = seriesStyle(index);
      const means = points.map(({ accuracies }) => meanAndStd(accuracies));
      return {
        type: 'scatter',
        mode: 'lines+markers',
        name: escapeText(name),
        x: points.map(({ picturesPerClass }) => picturesPerClass),
        y: means.map(({ mean }) => rounded(mean)),
        error_y: { ...errorBars(means.map(({ std }) => rounded(std))), color },
        line: { color, width: 2 },
        marker: { color, size: 8, symbol },
        hovertemplate: '%{y:.4f} with %{x} pictures per class',
      };
    }),
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Accuracy by number of pictures', options.dataset),
      height: 420,
      xaxis: themedAxis('training pictures per class (log scale)', {
        type: 'log',
        tickmode: 'array',
        tickvals: counts,
        ticktext: counts.map((count) => count.toLocaleString('en')),
      }),
      yaxis: fractionAxis('test accuracy'),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** Values in named rows. */
function dots(options: {
  readonly name: string;
  readonly names: readonly string[];
  readonly values: readonly (number | null)[];
}): ScatterTrace {
  const { name, names, values } = options;
  const known = values.some((value) => value !== null);
  return {
    type: 'scatter',
    mode: 'markers',
    name,
    x: known ? values : [],
    y: known ? names.map((_, row) => row) : [],
    customdata: known ? names : [],
    hovertemplate: '%{customdata}: %{x:.4f}',
    cliponaxis: false,
  };
}

function hollowMarker(index: number) {
  const { color, symbol } = seriesStyle(index);
  return { color, symbol: `${symbol}-open`, line: { width: 1.5 } };
}

function intervalBars(models: readonly ModelScores[]): ErrorBars {
  const distances = (distance: (interval: Interval, accuracy: number) => number) =>
    models.map(({ interval, test }) =>
      interval && test ? rounded(distance(interval, test.accuracy)) : null,
    );
  return {
    ...errorBars(distances(({ high }, accuracy) => high - accuracy)),
    symmetric: false,
    arrayminus: distances(({ low }, accuracy) => accuracy - low),
  };
}

function errorBars(distances: readonly (number | null)[]): ErrorBars {
  return { type: 'data', symmetric: true, array: distances, thickness: 1.8, width: 6 };
}

function verticalLine(x: number): LineShape {
  return {
    type: 'line',
    x0: x,
    x1: x,
    y0: 0,
    y1: 1,
    yref: 'paper',
    layer: 'below',
    line: { color: softInkColor, width: 1.5, dash: 'dash' },
  };
}
