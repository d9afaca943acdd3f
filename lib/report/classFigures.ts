// Per-class figures: image counts, precision, recall and F1, and the confusion matrix.
import type { ClassMetrics } from '../evaluation/metrics';
import { anyValue, checkOptions, required, text } from '../options';
import type { Figure } from './figure';
import {
  type DatasetLabel,
  escapeText,
  figureTitle,
  fractionAxis,
  legendBelow,
  nameTicks,
  rounded,
  rowAxis,
  sequentialScale,
  seriesStyle,
  shortened,
  themedAxis,
  themedLayout,
} from './theme';

export interface ClassFigureOptions {
  readonly classNames: readonly string[];
  readonly dataset: DatasetLabel;
  readonly title?: string;
}

const classRules = {
  classNames: required(anyValue),
  dataset: required(anyValue),
  title: text,
};

/**
 * The confusion matrix: actual classes downwards, predicted ones to the right, a count in each cell,
 * coloured by its share of the actual class, so that classes of unlike size compare.
 *
 * @param matrix counts [numClasses][numClasses], `matrix[actual][predicted]`
 */
export function confusionMatrixFigure(
  matrix: readonly (readonly number[])[],
  options: ClassFigureOptions,
): Figure {
  checkOptions('confusionMatrixFigure', options, classRules);
  checkClasses('matrix', matrix.length, options.classNames);
  const { classNames } = options;
  const shares = matrix.map((row) => {
    const support = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => rounded(support === 0 ? 0 : count / support, 4) ?? 0);
  });
  // Square cells, 46 pixels wide for ten classes; a letter of the names is about 7 pixels wide.
  const cell = Math.max(28, Math.min(130, Math.round(460 / matrix.length)));
  const labels = 7 * Math.max(...classNames.map((name) => shortened(name).length));
  const margin = { l: 52 + labels, r: 96, t: 60, b: 64 + labels * Math.SQRT1_2 };
  return {
    data: [
      {
        type: 'heatmap',
        meta: classNames.map(escapeText),
        z: shares,
        zmin: 0,
        zmax: 1,
        text: matrix.map((row) => row.map((count) => (count === 0 ? '' : String(count)))),
        texttemplate: '%{text}',
        textfont: { size: cell < 36 ? 10 : 13 },
        customdata: matrix,
        hovertemplate:
          'actual %{y}<br>predicted %{x}<br>%{customdata} pictures, %{z:.1%} of the class<extra></extra>',
        colorscale: sequentialScale,
        colorbar: {
          title: { text: 'fraction of the actual class', side: 'right' },
          thickness: 14,
          outlinewidth: 0,
          tickformat: '.1f',
        },
        xgap: 1,
        ygap: 1,
      },
    ],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Confusion matrix', options.dataset),
      width: Math.round(cell * matrix.length + margin.l + margin.r),
      height: Math.round(cell * matrix.length + margin.t + margin.b),
      margin,
      xaxis: themedAxis('predicted class', {
        ...nameTicks(classNames),
        showgrid: false,
        tickangle: -45,
        automargin: false,
      }),
      yaxis: themedAxis('actual class', {
        ...nameTicks(classNames),
        showgrid: false,
        autorange: 'reversed',
        automargin: false,
      }),
    }),
  };
}

/** Precision, recall and F1 of every class in rows, the class with the best F1 on top. */
export function perClassFigure(
  perClass: readonly ClassMetrics[],
  options: ClassFigureOptions,
): Figure {
  checkOptions('perClassFigure', options, classRules);
  checkClasses('perClass', perClass.length, options.classNames);
  const rows = perClass
    .map((metrics, label) => ({ name: options.classNames[label], ...metrics }))
    .sort((a, b) => b.f1 - a.f1);
  const measures = [
    ['precision', 'precision'],
    ['recall', 'recall'],
    ['f1', 'F1'],
  ] as const;
  return {
    data: measures.map(([key, name], index) => ({
      type: 'scatter',
      mode: 'markers',
      name,
      x: rows.map((row) => rounded(row[key])),
      y: rows.map((_, row) => row),
      customdata: rows.map(({ name }) => escapeText(name)),
      marker: { ...seriesStyle(index), size: key === 'f1' ? 12 : 9 },
      hovertemplate: '%{customdata}: %{x:.3f}',
      cliponaxis: false,
    })),
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Precision, recall and F1 by class', options.dataset),
      height: 170 + 28 * rows.length,
      xaxis: fractionAxis('precision, recall, F1'),
      yaxis: rowAxis(rows.map(({ name }) => name)),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

/** The pictures of each class in one split of the data. */
export interface SplitCounts {
  /** For example `training`. */
  readonly name: string;
  /** [numClasses] */
  readonly counts: readonly number[];
}

/** Bars: how many pictures each class has, the splits side by side. */
export function classCountsFigure(
  splits: readonly SplitCounts[],
  options: ClassFigureOptions,
): Figure {
  checkOptions('classCountsFigure', options, classRules);
  const { classNames } = options;
  const places = classNames.map((_, index) => index);
  // Names that do not fit side by side get rows instead: about 90 letters stand below the bars.
  const lying = classNames.join('').length > 90;
  const counts = themedAxis('pictures (count)', { rangemode: 'tozero', tickformat: ',d' });
  return {
    data: splits.map(({ name, counts }, index) => {
      checkClasses(`the counts of "${name}"`, counts.length, options.classNames);
      return {
        type: 'bar',
        orientation: lying ? 'h' : 'v',
        name: escapeText(name),
        x: lying ? counts : places,
        y: lying ? places : counts,
        customdata: classNames.map(escapeText),
        marker: { color: seriesStyle(index).color },
        hovertemplate: `%{customdata}: %{${lying ? 'x' : 'y'}:,} pictures`,
      };
    }),
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Pictures per class', options.dataset),
      height: lying ? 150 + classNames.length * (14 + 12 * splits.length) : 400,
      barmode: 'group',
      xaxis: lying ? counts : themedAxis('', { ...nameTicks(classNames), showgrid: false }),
      yaxis: lying ? rowAxis(classNames, { showgrid: false }) : counts,
      showlegend: splits.length > 1,
      ...(splits.length > 1 ? { legend: legendBelow } : {}),
      hovermode: 'closest',
    }),
  };
}

function checkClasses(name: string, length: number, classNames: readonly string[]): void {
  if (length === classNames.length) return;
  throw new RangeError(
    `Expected ${name} to have ${classNames.length} entries, one per class name, but received ` +
      `${length}: pass the class names of the data set that was evaluated.`,
  );
}
