// A figure in words, for who cannot see it.
import { pictureCaptions, plainText } from './csv';
import type { Axis, BarTrace, Figure, FigureLayout, HeatmapTrace, ScatterTrace } from './figure';
import { fractionText, rounded } from './theme';

/** More would be read out for minutes; the figure's CSV has all. */
const MOST = 12;

/** What a figure shows: its title, then what is in it, with first and last values of curves and all of bars and rows. */
export function altText({ data, layout }: Figure): string {
  const title = plainText(layout.title.text);
  const [first] = data;
  if (first?.type === 'heatmap') return `${title}. ${matrixText(first)}`;
  if (first?.type === 'image') {
    return `${title}. ${data.length} pictures: ${listed(pictureCaptions({ data, layout }), '; ')}.`;
  }
  const series = data.flatMap((trace) =>
    trace.type === 'scatter' || trace.type === 'bar' ? seriesText(trace, layout) : [],
  );
  return series.length === 0 ? title : `${title}. ${listed(series, '; ')}.`;
}

function matrixText({ customdata: counts, meta }: HeatmapTrace): string {
  const total = counts.flat().reduce((sum, count) => sum + count, 0);
  const right = counts.reduce((sum, row, index) => sum + row[index], 0);
  const share =
    total === 0 ? '' : `, ${fractionText(right / total)} of the pictures on the diagonal`;
  const classes = listed((meta ?? []).map(plainText), ', ');
  return `Counts of ${counts.length} actual by ${counts.length} predicted classes${share}: ${classes}.`;
}

/** `CNN, accuracy (fraction): from 0.3 to 0.6`, or each name with its value. */
function seriesText(trace: ScatterTrace | BarTrace, layout: FigureLayout): string[] {
  const points = trace.x.flatMap((x, index) => {
    const y = trace.y[index];
    return x === null || y === null ? [] : [{ x, y, name: trace.customdata?.[index] ?? '' }];
  });
  if (points.length === 0) return [];
  const name = plainText(trace.name ?? '');
  const across = hasNames(layout.xaxis);
  if (across || hasNames(layout.yaxis)) {
    if (points.every((point) => point.name === '')) return [name];
    const values = points.map(
      (point) => `${plainText(point.name)} ${short(across ? point.y : point.x)}`,
    );
    return [`${name}: ${listed(values, ', ')}`];
  }
  const axis = layout[`yaxis${(trace.yaxis ?? 'y').slice(1)}` as 'yaxis'];
  const [start, end] = [points[0].y, points[points.length - 1].y].map(short);
  const measure = axis?.title === undefined ? '' : `, ${plainText(axis.title.text)}`;
  return [`${name}${measure}: ${start === end ? start : `from ${start} to ${end}`}`];
}

function hasNames(axis: Axis | undefined): boolean {
  return axis?.type === 'linear' && axis.ticktext !== undefined;
}

function short(value: number): string {
  return String(rounded(value, 3));
}

function listed(parts: readonly string[], separator: string): string {
  const more = parts.length - MOST;
  return [...parts.slice(0, MOST), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
