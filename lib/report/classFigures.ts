// Per-class figures: image counts and the confusion matrix.
import { countByClass, type ImageDataset } from '../data/dataset';
import type { TestedModel } from '../evaluation/evaluate';
import { checkOptions } from '../options';
import type { Figure } from './figure';
import {
  escapeText,
  type FigureOptions,
  figureRules,
  figureTitle,
  legendBelow,
  nameTicks,
  roleStyle,
  rounded,
  rowAxis,
  sequentialScale,
  seriesStyle,
  shortened,
  themedAxis,
  themedLayout,
} from './theme';

export type ClassFigureOptions = FigureOptions;

/**
 * The confusion matrix: actual classes downwards, predicted ones to the right, a count in each cell,
 * coloured by its share of the actual class, so that classes of unlike size compare.
 *
 * @param model its `confusionMatrix`: counts [numClasses][numClasses], `[actual][predicted]`
 */
export function confusionMatrixFigure(
  { name, classNames, evaluation }: TestedModel<'confusionMatrix'>,
  options: ClassFigureOptions = {},
): Figure {
  checkOptions('confusionMatrixFigure', options, figureRules);
  const { confusionMatrix: matrix } = evaluation;
  checkClasses('the confusion matrix', matrix.length, classNames);
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
          'actual %{y}<br>predicted %{x}<br>%{customdata} pictures, %{z:.3f} of the class<extra></extra>',
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
      title: figureTitle(options.title ?? `${name}: confusion matrix`, options.dataset),
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

/**
 * Bars: how many pictures each class has, several sets side by side.
 *
 * @param sets by what they are called, for example `training`; of the same classes.
 */
export function classCountsFigure(
  sets: Readonly<Record<string, Pick<ImageDataset, 'labels' | 'classNames'>>>,
  options: ClassFigureOptions = {},
): Figure {
  checkOptions('classCountsFigure', options, figureRules);
  const splits = Object.entries(sets).map(([name, set]) => ({ name, counts: countByClass(set) }));
  const classNames = Object.values(sets)[0]?.classNames ?? [];
  const places = classNames.map((_, index) => index);
  // Names that do not fit side by side get rows instead: about 90 letters stand below the bars.
  const lying = classNames.join('').length > 90;
  const counts = themedAxis('pictures (count)', { rangemode: 'tozero', tickformat: ',d' });
  return {
    data: splits.map(({ name, counts }, index) => {
      checkClasses(`the counts of "${name}"`, counts.length, classNames);
      return {
        type: 'bar',
        orientation: lying ? 'h' : 'v',
        name: escapeText(name),
        x: lying ? counts : places,
        y: lying ? places : counts,
        customdata: classNames.map(escapeText),
        marker: { color: (roleStyle(name) ?? seriesStyle(index)).color },
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
