// How far a model's probabilities can be relied on: one figure for reading and for choosing a threshold.
import { confidenceBins, coverageCurve } from '../evaluation/calibration';
import type { TestedModel } from '../evaluation/evaluate';
import { METRICS } from '../evaluation/runningMetrics';
import { anyValue, checkOptions, text } from '../options';
import type { ClassFigureOptions } from './classFigures';
import type { Figure, ScatterTrace } from './figure';
import {
  escapeText,
  figureTitle,
  fractionAxis,
  fractionText,
  legendBelow,
  modelStyles,
  rounded,
  shortened,
  softInkColor,
  themedLayout,
} from './theme';

/**
 * Left, the reliability diagram: how often a model is right of the pictures about which it is about equally sure, in 15 bins; on
 * the dashed line a probability means what it says. Right, what its accuracy becomes if it only speaks where it is sure enough
 * (`npm run predict -- … --at-least`), against the share of the pictures that it then names.
 *
 * @param models tested ones, or what `run.calibrate` returns. Their names carry the expected calibration error (ECE).
 */
export function calibrationFigure(
  models: readonly TestedModel<'probabilities' | 'labels'>[],
  options: ClassFigureOptions = {},
): Figure {
  checkOptions('calibrationFigure', options, { dataset: anyValue, title: text });
  const styles = modelStyles(models.map(({ name }) => name));
  const diagonal: ScatterTrace = {
    type: 'scatter',
    mode: 'lines',
    name: 'calibrated',
    x: [0, 1],
    y: [0, 1],
    line: { color: softInkColor, width: 1.5, dash: 'dash' },
    hoverinfo: 'skip',
  };
  const curves = models.flatMap(({ name, classNames, evaluation }, index): ScatterTrace[] => {
    const outputs = { ...evaluation, numClasses: classNames.length };
    const error = fractionText(METRICS.ece.value(METRICS.ece.sums(outputs)));
    const { color, symbol } = styles[index];
    const line = {
      type: 'scatter',
      mode: 'lines+markers',
      name: `${escapeText(shortened(name))}, ECE ${error}`,
      legendgroup: name,
      line: { color, width: 2 },
      marker: { color, size: 7, symbol },
    } as const;
    const bins = confidenceBins(outputs);
    const curve = coverageCurve(outputs);
    return [
      {
        ...line,
        x: bins.map(({ confidence }) => rounded(confidence)),
        y: bins.map(({ accuracy }) => rounded(accuracy)),
        customdata: bins.map(({ pictures }) => pictures.toLocaleString('en')),
        hovertemplate: 'sure at %{x:.3f}, right %{y:.3f}: %{customdata} pictures',
      },
      {
        ...line,
        ...{ xaxis: 'x2', yaxis: 'y2', showlegend: false },
        x: curve.map(({ coverage }) => rounded(coverage)),
        y: curve.map(({ accuracy }) => rounded(accuracy)),
        customdata: curve.map(({ atLeast }) => String(atLeast)),
        hovertemplate: 'at least %{customdata}: names %{x:.3f} of the pictures, right %{y:.3f}',
      },
    ];
  });
  const right = { domain: [0.56, 1], anchor: 'y2' } as const;
  return {
    data: [diagonal, ...curves],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'How sure, and how often right', options.dataset),
      height: 430 + 12 * Math.max(0, models.length - 2),
      xaxis: fractionAxis('probability of the predicted class', { domain: [0, 0.44] }),
      yaxis: fractionAxis('right', { range: [0, 1.03] }),
      xaxis2: fractionAxis('pictures that are named', right),
      yaxis2: fractionAxis('right of those', { anchor: 'x2' }),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}
