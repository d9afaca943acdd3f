// A comparison as figures: curves over each other, accuracy against seconds, settings in rows.
import { meanAndStd } from '../evaluation/statistics';
import type { Figure, ScatterTrace } from '../report/figure';
import { ablationFigure } from '../report/comparisonFigures';
import {
  type DatasetLabel,
  epochAxis,
  escapeText,
  figureTitle,
  fractionAxis,
  legendBelow,
  rounded,
  seriesStyle,
  shortened,
  themedAxis,
  themedLayout,
} from '../report/theme';
import type { EpochRecord } from '../training/history';
import type { ComparedSetting, RunComparison, Spread } from './compareRuns';

/** The figures that the comparison has values for, in reading order. */
export function comparisonFigures(comparison: RunComparison): Figure[] {
  const { settings } = comparison;
  const dataset = datasetLabel(comparison);
  const tested = settings.filter(({ test }) => test.accuracy !== undefined);
  const curves = settings.some(({ trainings }) => trainings.some(hasCurve));
  return [
    ...(tested.length > 0 ? [accuracyRows(tested, dataset)] : []),
    ...(curves ? [curvesFigure(settings, dataset)] : []),
    ...(settings.length > 0 ? [secondsFigure(settings, dataset)] : []),
  ];
}

function hasCurve({ model }: ComparedSetting['trainings'][number]): boolean {
  return model.history.length > 0;
}

function accuracyRows(settings: readonly ComparedSetting[], dataset: DatasetLabel): Figure {
  const rows = settings.map(({ label, trainings }) => ({
    name: label,
    accuracies: trainings.flatMap(({ model }) => model.test?.accuracy ?? []),
  }));
  const { data, layout } = ablationFigure(rows, {
    dataset,
    title: 'Test accuracy of the settings',
  });
  // The end of a long name is what tells it from the next: it continues in further lines.
  const names = settings.map(({ label }) => labelLines(label));
  const most = Math.max(...names.map((lines) => lines.length));
  const height = layout.height + LINE_HEIGHT * (most - 1) * names.length;
  const ticktext = names.map((lines) => lines.join('<br>'));
  return { data, layout: { ...layout, height, yaxis: { ...layout.yaxis, ticktext } } };
}

/** A setting's name in lines of up to 30 letters, broken between its parts; a part that is longer is cut. */
function labelLines(label: string): string[] {
  const lines: string[] = [];
  for (const part of label.split(', ').map(shortened)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length < 28)
      lines[lines.length - 1] += `, ${part}`;
    else lines.push(part);
  }
  return lines.map((line, index) => escapeText(index < lines.length - 1 ? `${line},` : line));
}

/** Pixels; letters are 14 high. */
const LINE_HEIGHT = 18;

/** Loss left, accuracy right; validation where there is one, else training. Mean thick, each seed thin. */
function curvesFigure(settings: readonly ComparedSetting[], dataset: DatasetLabel): Figure {
  const lengths = settings.flatMap(({ trainings }) =>
    trainings.map(({ model }) => model.history.length),
  );
  const longest = Math.max(1, ...lengths);
  const epochs = settings.flatMap(({ trainings }) =>
    trainings.flatMap(({ model }) => model.history),
  );
  const split = epochs.every(({ val }) => val !== null) ? 'validation ' : '';
  return {
    data: settings.flatMap((setting, index) => settingCurves(setting, index)),
    layout: themedLayout({
      title: figureTitle('Loss and accuracy by epoch', dataset),
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

function settingCurves({ label, trainings }: ComparedSetting, index: number): ScatterTrace[] {
  const { color } = seriesStyle(index);
  return (['loss', 'accuracy'] as const).flatMap((measure): ScatterTrace[] => {
    const { of, xaxis, yaxis } = measures[measure];
    const curves = trainings.map(({ model }) => model.history.map(of));
    const length = Math.max(0, ...curves.map((curve) => curve.length));
    const line = (values: readonly number[], width: number): ScatterTrace => ({
      type: 'scatter',
      mode: values.length === 1 ? 'lines+markers' : 'lines',
      name: labelLines(label).join('<br>'),
      legendgroup: label,
      showlegend: measure === 'accuracy' && width > 1,
      xaxis,
      yaxis,
      x: values.map((_, epoch) => epoch + 1),
      y: values.map((value) => rounded(value)),
      line: { color, width },
      marker: { color, size: 7 },
      ...(width > 1 ? { hovertemplate: '%{y:.4f}' } : { opacity: 0.4, hoverinfo: 'skip' }),
    });
    const mean = Array.from({ length }, (_, epoch) => {
      const values = curves.flatMap((curve) => curve.slice(epoch, epoch + 1));
      return meanAndStd(values).mean;
    });
    const seeds = curves.length > 1 ? curves.map((curve) => line(curve, 1)) : [];
    return [...seeds, line(mean, 2.5)];
  });
}

/** Test accuracy (else validation, else training) against training seconds, with the spread of both. */
function secondsFigure(settings: readonly ComparedSetting[], dataset: DatasetLabel): Figure {
  const data = settings.flatMap((setting, index): ScatterTrace[] => {
    const { train, val, test } = setting;
    const accuracy: Spread | undefined = test.accuracy ?? val.accuracy ?? train.accuracy;
    if (accuracy === undefined || setting.seconds === null) return [];
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
        name: labelLines(setting.label).join('<br>'),
        x: [rounded(setting.seconds.mean)],
        y: [rounded(accuracy.mean)],
        error_x: bars(setting.seconds.std),
        error_y: bars(accuracy.std),
        marker: { color, symbol, size: 12 },
        customdata: [escapeText(setting.label)],
        hovertemplate: '%{customdata}: %{y:.4f} in %{x:.1f} s',
      },
    ];
  });
  const isTested = settings.every(({ test }) => test.accuracy !== undefined);
  return {
    data,
    layout: themedLayout({
      title: figureTitle('Accuracy against training time', dataset),
      height: legendHeight(420, settings),
      xaxis: themedAxis('training time (seconds)', { rangemode: 'tozero' }),
      yaxis: fractionAxis(isTested ? 'test accuracy' : 'accuracy (test, else validation)'),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** More settings, and longer names, make more lines in the legend, where three names stand side by side. */
function legendHeight(height: number, settings: readonly ComparedSetting[]): number {
  const lines = settings.reduce((sum, { label }) => sum + labelLines(label).length, 0);
  return height + LINE_HEIGHT * Math.max(0, Math.ceil(lines / 3) - 1);
}

/** One name for the data of all runs; `generated` as soon as one of them is, so that every title says it. */
function datasetLabel({ runs }: RunComparison): DatasetLabel {
  const datasets = runs.flatMap(({ dataset }) => dataset ?? []);
  const names = [...new Set(datasets.map(({ name }) => name))];
  const isGenerated = datasets.some(({ source }) => source === 'generated');
  return {
    name: names.join(' and ') || 'no data set',
    source: isGenerated ? 'generated' : (datasets[0]?.source ?? 'folder'),
  };
}
