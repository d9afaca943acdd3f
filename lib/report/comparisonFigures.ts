// Accuracies side by side: models, settings, numbers of pictures.
import type { Interval } from '../evaluation/metrics';
import type { MetricValues } from '../evaluation/runningMetrics';
import { meanAndStd } from '../evaluation/statistics';
import { checkOptions, text } from '../options';
import type { ErrorBars, Figure, ScatterTrace } from './figure';
import {
  chanceLine,
  escapeText,
  type FigureOptions,
  figureRules,
  figureTitle,
  fractionAxis,
  fractionHover,
  fractionText,
  inkColor,
  legendBelow,
  modelStyles,
  roleStyles,
  rounded,
  rowAxis,
  type SeriesStyle,
  shortened,
  softInkColor,
  themedAxis,
  themedLayout,
} from './theme';

/** Options of a figure over several models, settings or recipes. */
export type ComparisonOptions = FigureOptions;

/** What a finished model reached; a run's record of a model fits. */
export interface ModelScores {
  readonly name: string;
  /** Null for a model that was not tested. */
  readonly test: MetricValues | null;
  /** The 95 % interval of the test accuracy. */
  readonly interval?: Interval;
  readonly train?: MetricValues | null;
  readonly val?: MetricValues | null;
  /** The classes it tells apart; with them the figure shows what chance reaches. */
  readonly classNames?: readonly string[];
}

/**
 * One row per model, first on top: test accuracy with its 95 % interval, beside it training and
 * validation accuracy as hollow marks, and a line at what chance reaches. A gap from training to test is
 * overfitting. `metric` names another one than accuracy, which then has no interval.
 */
export function comparisonFigure(
  models: readonly ModelScores[],
  options: ComparisonOptions & { readonly metric?: string } = {},
): Figure {
  checkOptions('comparisonFigure', options, { ...figureRules, metric: text });
  const { metric = 'accuracy' } = options;
  const names = models.map(({ name }) => escapeText(name));
  const hollow = (name: 'training' | 'validation', key: 'train' | 'val') => ({
    ...dots({ name, names, values: models.map((model) => rounded(model[key]?.[metric])) }),
    marker: { ...hollowMarker(roleStyles[name]), size: 10 },
  });
  const test: ScatterTrace = {
    ...dots({ name: 'test', names, values: models.map((model) => rounded(model.test?.[metric])) }),
    mode: 'markers+text',
    text: models.map(({ test, interval }) => {
      const value = test?.[metric];
      return value === undefined ? '' : fractionText(value, interval);
    }),
    textposition: 'top center',
    textfont: { color: inkColor },
    marker: { color: roleStyles.test.color, size: 12, symbol: roleStyles.test.symbol },
    ...(metric === 'accuracy' ? { error_x: intervalBars(models) } : {}),
  };
  const traces = [hollow('training', 'train'), hollow('validation', 'val'), test];
  const chance = metric === 'accuracy' ? chanceLine(models, acrossRows(models)) : [];
  return {
    data: [...chance, ...traces.filter(({ y }) => y.length > 0)],
    layout: themedLayout({
      title: figureTitle(
        options.title ??
          (metric === 'accuracy' ? 'Accuracy of the models' : `${metric} of the models`),
        options.dataset,
      ),
      height: 180 + 56 * models.length,
      xaxis:
        metric === 'accuracy'
          ? fractionAxis(metric, chance.length > 0 ? { rangemode: 'tozero' } : {})
          : themedAxis(escapeText(metric)),
      yaxis: rowAxis(models.map(({ name }) => name)),
      showlegend: true,
      legend: { ...legendBelow, traceorder: 'reversed' },
      hovermode: 'closest',
    }),
  };
}

/** One setting of a training, with the test accuracy of each seed that was run. */
export interface SettingAccuracies {
  readonly name: string;
  readonly accuracies: readonly number[];
}

/** One row per setting, first on top: mean ± sample standard deviation over the seeds, each seed as a small dot. */
export function settingsFigure(
  settings: readonly SettingAccuracies[],
  options: ComparisonOptions = {},
): Figure {
  checkOptions('settingsFigure', options, figureRules);
  const names = settings.map(({ name }) => escapeText(name));
  const means = settings.map(({ accuracies }) => meanAndStd(accuracies));
  const { color, symbol } = roleStyles.test;
  const seeds: ScatterTrace = {
    ...dots({ name: 'one seed', names: [], values: [] }),
    x: settings.flatMap(({ accuracies }) => accuracies.map((value) => rounded(value))),
    y: settings.flatMap(({ accuracies }, row) => accuracies.map(() => row)),
    customdata: settings.flatMap(({ accuracies }, row) => accuracies.map(() => names[row])),
    marker: { ...hollowMarker({ color: softInkColor, symbol: 'circle' }), size: 6 },
  };
  const mean: ScatterTrace = {
    ...dots({ name: 'mean ± std', names, values: means.map((value) => rounded(value.mean)) }),
    marker: { color, size: 11, symbol },
    error_x: errorBars(means.map(({ std }) => rounded(std))),
  };
  return {
    data: [mean, seeds],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Test accuracy', options.dataset),
      height: 170 + 36 * settings.length,
      xaxis: fractionAxis('test accuracy'),
      yaxis: rowAxis(settings.map(({ name }) => name)),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** A method and what it reached with few and with many pictures. */
export interface DataEfficiencySeries {
  readonly name: string;
  /** The classes it tells apart; with them the figure shows what chance reaches. */
  readonly classNames?: readonly string[];
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
  checkOptions('dataEfficiencyFigure', options, figureRules);
  const counts = [
    ...new Set(
      series.flatMap(({ points }) => points.map(({ picturesPerClass }) => picturesPerClass)),
    ),
  ].sort((a, b) => a - b);
  const styles = modelStyles(series.map(({ name }) => name));
  const curves = series.map(({ name, points }, index): ScatterTrace => {
    const { color, symbol } = styles[index];
    const means = points.map(({ accuracies }) => meanAndStd(accuracies));
    return {
      type: 'scatter',
      mode: 'lines+markers',
      name: escapeText(shortened(name)),
      x: points.map(({ picturesPerClass }) => picturesPerClass),
      y: means.map(({ mean }) => rounded(mean)),
      error_y: { ...errorBars(means.map(({ std }) => rounded(std))), color },
      line: { color, width: 2 },
      marker: { color, size: 8, symbol },
      hovertemplate: `${fractionHover('y')} with %{x} pictures per class`,
    };
  });
  const ends = [counts[0], counts.at(-1) ?? null];
  return {
    data: [...curves, ...chanceLine(series, (chance) => ({ x: ends, y: [chance, chance] }))],
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
    hovertemplate: `%{customdata}: ${fractionHover('x')}`,
    cliponaxis: false,
  };
}

/** From above the first row to below the last: the range of `rowAxis`. */
function acrossRows(rows: readonly unknown[]) {
  return (x: number) => ({ x: [x, x], y: [-0.6, rows.length - 0.4] });
}

function hollowMarker({ color, symbol }: SeriesStyle) {
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
