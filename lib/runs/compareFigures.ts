// A notebook's settings as figures: accuracies in rows, curves over each other, accuracy against seconds.
import { meanAndStd } from '../evaluation/statistics';
import type { Figure, ScatterTrace } from '../report/figure';
import { settingsFigure } from '../report/comparisonFigures';
import {
  epochAxis,
  escapeText,
  figureTitle,
  fractionAxis,
  legendBelow,
  rounded,
  seriesColors,
  seriesStyle,
  themedAxis,
  themedLayout,
} from '../report/theme';
import type { EpochRecord } from '../training/history';
import {
  bestSettings,
  type ComparedNotebook,
  type ComparedSetting,
  type Spread,
} from './compareRuns';

/** More settings than colours cannot be told apart: the best are drawn, the table has all. */
const MOST_SERIES = seriesColors.length;
const MOST_ROWS = 20;

/** The figures that there are values for, in reading order; several settings are called by their keys. */
export function comparisonFigures(notebook: ComparedNotebook): Figure[] {
  const { settings } = notebook;
  const tested = settings.filter(({ test }) => test.accuracy !== undefined);
  // Without a spread the other figure shows as much.
  const hasSpread = tested.some(({ test }) => test.accuracy.std !== null);
  const hasRows = tested.length > 1 && (hasSpread || tested.length > MOST_SERIES);
  const curves = settings.some(({ trainings }) => trainings.some(hasCurve));
  return [
    ...(hasRows ? [accuracyRows(tested, notebook)] : []),
    ...(settings.length > 1 ? [secondsFigure(settings, notebook)] : []),
    ...(curves ? [curvesFigure(settings, notebook)] : []),
  ];
}

function hasCurve({ model }: ComparedSetting['trainings'][number]): boolean {
  return model.history.length > 0;
}

/** Names the notebook, what is drawn, how many of how many, and the data. */
function title(
  { notebook, dataset }: ComparedNotebook,
  what: string,
  { shown, of }: { readonly shown: number; readonly of: number },
): string {
  const part = shown < of ? ` of ${shown} settings of ${of}` : '';
  return figureTitle(`${notebook}: ${what}${part}`, dataset);
}

function accuracyRows(tested: readonly ComparedSetting[], notebook: ComparedNotebook): Figure {
  const rows = bestSettings(tested, MOST_ROWS).map(({ key, trainings }) => ({
    name: key,
    accuracies: trainings.flatMap(({ model }) => model.test?.accuracy ?? []),
  }));
  const { data, layout } = settingsFigure(rows);
  const text = title(notebook, 'test accuracy', { shown: rows.length, of: tested.length });
  return { data, layout: { ...layout, title: { ...layout.title, text } } };
}

/** Loss left, accuracy right; validation where there is one, else training. Mean thick, each run thin. */
function curvesFigure(all: readonly ComparedSetting[], notebook: ComparedNotebook): Figure {
  const settings = bestSettings(all, MOST_SERIES);
  const histories = settings.flatMap(({ trainings }) =>
    trainings.map(({ model }) => model.history),
  );
  const longest = Math.max(1, ...histories.map(({ length }) => length));
  const split = histories.flat().every(({ val }) => val !== null) ? 'validation ' : '';
  return {
    data: (['loss', 'accuracy'] as const).flatMap((measure) => panelCurves(settings, measure)),
    layout: themedLayout({
      title: title(notebook, `${split}loss and accuracy`, {
        shown: settings.length,
        of: all.length,
      }),
      height: legendHeight(400, settings),
      xaxis: epochAxis(longest, { domain: [0, 0.44] }),
      yaxis: themedAxis(`${split}loss (nats)`, { rangemode: 'tozero' }),
      xaxis2: epochAxis(longest, { domain: [0.56, 1], anchor: 'y2' }),
      yaxis2: fractionAxis(`${split}accuracy`, { anchor: 'x2' }),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

const measures = {
  loss: { of: (e: EpochRecord) => (e.val ?? e.train).loss, xaxis: 'x', yaxis: 'y' },
  accuracy: { of: (e: EpochRecord) => (e.val ?? e.train).accuracy, xaxis: 'x2', yaxis: 'y2' },
} as const;

const LINE_WIDTH = 2.5;
const DASHES = ['solid', 'dash', 'dot'] as const;

/** A mean that a later setting repeats exactly is drawn wider, so that it shows on both sides of that one. */
function panelCurves(
  settings: readonly ComparedSetting[],
  measure: keyof typeof measures,
): ScatterTrace[] {
  const { of, xaxis, yaxis } = measures[measure];
  const curves = settings.map(({ trainings }) =>
    trainings.map(({ model }) => model.history.map(of)),
  );
  const means = curves.map(meanCurve);
  return settings.flatMap(({ key }, index): ScatterTrace[] => {
    const { color, symbol } = seriesStyle(index);
    const trace = (values: readonly number[]): ScatterTrace => ({
      type: 'scatter',
      mode: 'lines',
      name: escapeText(key),
      legendgroup: key,
      showlegend: false,
      xaxis,
      yaxis,
      x: values.map((_, epoch) => epoch + 1),
      y: values.map((value) => rounded(value)),
    });
    const mean = means[index];
    const later = means.slice(index + 1).filter((other) => other.join() === mean.join());
    const width = LINE_WIDTH * (1 + 2 * later.length);
    const each = curves[index].length > 1 ? curves[index] : [];
    return [
      ...each.map((curve): ScatterTrace => {
        return { ...trace(curve), line: { color, width: 1 }, opacity: 0.4, hoverinfo: 'skip' };
      }),
      {
        ...trace(mean),
        showlegend: measure === 'accuracy',
        mode: mean.length > 30 ? 'lines' : 'lines+markers',
        line: { color, width, dash: DASHES[index % DASHES.length] },
        marker: { color, symbol, size: 6 + width / 2 },
        hovertemplate: `epoch %{x}: %{y:.3f}`,
      },
    ];
  });
}

/** By epoch; of those that went so far. */
function meanCurve(curves: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, epoch) => {
    return meanAndStd(curves.flatMap((curve) => curve.slice(epoch, epoch + 1))).mean;
  });
}

/** Test accuracy (else validation, else training) against training seconds, with the spread of both. */
function secondsFigure(all: readonly ComparedSetting[], notebook: ComparedNotebook): Figure {
  const settings = bestSettings(all, MOST_SERIES);
  const data = settings.flatMap(({ key, train, val, test, seconds }, index): ScatterTrace[] => {
    const accuracy: Spread | undefined = test.accuracy ?? val.accuracy ?? train.accuracy;
    if (accuracy === undefined) return [];
    const { color, symbol } = seriesStyle(index);
    const bars = (std: number | null) => ({
      type: 'data' as const,
      symmetric: true,
      array: [rounded(std)],
      color,
      thickness: 1.5,
      width: 5,
    });
    return [
      {
        type: 'scatter',
        mode: 'markers',
        name: escapeText(key),
        x: [rounded(seconds.mean)],
        y: [rounded(accuracy.mean)],
        error_x: bars(seconds.std),
        error_y: bars(accuracy.std),
        marker: { color, symbol, size: 12 },
        customdata: [escapeText(key)],
        hovertemplate: '%{customdata}: %{y:.3f} in %{x:.1f} s',
      },
    ];
  });
  const isTested = settings.every(({ test }) => test.accuracy !== undefined);
  return {
    data,
    layout: themedLayout({
      title: title(notebook, 'accuracy against training time', {
        shown: settings.length,
        of: all.length,
      }),
      height: legendHeight(400, settings),
      xaxis: themedAxis('training time (seconds)', { rangemode: 'tozero' }),
      yaxis: fractionAxis(isTested ? 'test accuracy' : 'accuracy (test, else validation)'),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** Three names stand side by side in a legend, in lines of 18 pixels. */
function legendHeight(height: number, settings: readonly ComparedSetting[]): number {
  return height + 18 * (Math.ceil(settings.length / 3) - 1);
}
