// Tables and the numbers of figures as CSV.
import type { Axis, BarTrace, ErrorBars, Figure, HeatmapTrace, ScatterTrace } from './figure';
import { unescapeText } from './theme';

/** One cell; null and undefined are empty. */
export type CsvCell = string | number | boolean | null | undefined;

/**
 * Rows as CSV text after RFC 4180, with "\n" line ends: what holds a comma, a quote or a line break is
 * quoted. Text that a spreadsheet would take for a formula gets a leading apostrophe.
 */
export function csvText(rows: Iterable<readonly CsvCell[]>): string {
  return Array.from(rows, (row) => `${row.map(csvCell).join(',')}\n`).join('');
}

function csvCell(value: CsvCell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A figure's numbers as CSV. Curves, dots and bars: one row a point, with the ends of its error bar; a
 * confusion matrix: one row a cell; pictures: their captions. Columns bear the axes' titles.
 */
export function figureCsv(figure: Figure): string {
  const { data } = figure;
  const heatmaps = data.filter((trace) => trace.type === 'heatmap');
  if (heatmaps.length > 0) return csvText(heatmaps.flatMap((trace) => cellRows(trace, figure)));
  const series = data.filter((trace) => trace.type === 'scatter' || trace.type === 'bar');
  if (series.length > 0) return csvText(pointRows(series, figure));
  const rows = pictureCaptions(figure).map((caption, index) => [index + 1, caption]);
  return csvText([['picture', 'caption'], ...rows]);
}

/** What stands below each picture of a grid, whole; older kept figures have it only as it is printed. */
export function pictureCaptions({ data, layout }: Figure): string[] {
  const whole = data.flatMap((trace) =>
    trace.type === 'image' && typeof trace.meta === 'string' ? plainText(trace.meta) : [],
  );
  const printed = layout.annotations ?? [];
  return whole.length > 0 ? whole : printed.map(({ text }) => plainText(text));
}

function cellRows(trace: HeatmapTrace, { layout }: Figure): CsvCell[][] {
  const header = [
    axisTitle(layout.yaxis),
    axisTitle(layout.xaxis),
    'count',
    plainText(trace.colorbar.title.text),
  ];
  const { meta, x } = trace as KeptCells;
  const names = meta ?? x ?? [];
  const rows = trace.z.flatMap((values, row) =>
    values.map((value, column) => [
      plainText(names[row]),
      plainText(names[column]),
      trace.customdata[row][column],
      value,
    ]),
  );
  return [header, ...rows];
}

/** Where a kept confusion matrix has its names; `x` while the axes were Plotly's category axes. */
interface KeptCells {
  readonly meta?: readonly string[];
  readonly x?: readonly string[];
}

function pointRows(series: readonly (ScatterTrace | BarTrace)[], { layout }: Figure): CsvCell[][] {
  const panels = series.map(({ yaxis }) =>
    axisTitle(yaxis === 'y2' ? layout.yaxis2 : layout.yaxis),
  );
  const several = new Set(panels).size > 1;
  const withBars = series.some((trace) => 'error_x' in trace || 'error_y' in trace);
  const header = [
    'series',
    ...(several ? ['measure'] : []),
    axisTitle(layout.xaxis),
    several ? 'value' : panels[0],
    ...(withBars ? ['low', 'high'] : []),
  ];
  const rows = series.flatMap((trace, index) =>
    trace.x.flatMap((x, point): CsvCell[][] => {
      const y = trace.y[point];
      if (x === null || y === null) return [];
      return [
        [
          plainText(trace.name ?? ''),
          ...(several ? [panels[index]] : []),
          coordinate(layout.xaxis, trace, point, x),
          coordinate(layout.yaxis, trace, point, y),
          ...(withBars ? barEnds(trace, point) : []),
        ],
      ];
    }),
  );
  return [header, ...rows];
}

/** Low and high end of a point's error bar. */
function barEnds(trace: ScatterTrace | BarTrace, point: number): CsvCell[] {
  if (trace.type === 'bar') return [null, null];
  const [bars, value]: [ErrorBars | undefined, unknown] = trace.error_x
    ? [trace.error_x, trace.x[point]]
    : [trace.error_y, trace.y[point]];
  const up = bars?.array[point];
  const down = bars?.symmetric === false ? bars.arrayminus?.[point] : up;
  if (typeof value !== 'number' || up == null || down == null) return [null, null];
  return [Number((value - down).toPrecision(5)), Number((value + up).toPrecision(5))];
}

function axisTitle(axis: Axis | undefined): string {
  return plainText(axis?.title?.text ?? 'name');
}

/** A point's place: on an axis of names the name, which older kept figures have as the coordinate itself. */
function coordinate(
  axis: Axis | undefined,
  { customdata }: ScatterTrace | BarTrace,
  point: number,
  value: string | number,
): string | number {
  const isNamed = axis?.type === 'linear' && axis.ticktext !== undefined;
  const place = isNamed ? (customdata?.[point] ?? value) : value;
  return typeof place === 'string' ? plainText(place) : place;
}

/** Text without Plotly's markup: lines joined by commas, tags dropped, and back from `escapeText`. */
export function plainText(text: string): string {
  return unescapeText(text.replaceAll('<br>', ', ').replaceAll(/<[^>]*>/g, ''));
}
