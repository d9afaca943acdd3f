// The one look of every figure: colours, type, axes, and a title that names the data set.
import type { ImageDataset } from '../data/dataset';
import type { Interval } from '../evaluation/metrics';
import { anyValue, text } from '../options';
import type { Axis, Coordinate, Figure, FigureLayout, Line, ScatterTrace } from './figure';

/** What a figure's title says about its data; every `ImageDataset` fits. */
export type DatasetLabel = Pick<ImageDataset, 'name' | 'source'>;

/**
 * Colours that people with any kind of colour blindness tell apart: seven of the eight of M. Okabe and K. Ito, "Color
 * universal design" (2008), without the yellow, which is faint on white, and with a brown that is as far from each of them as they
 * are from each other (0.076 in OKLab, simulated after G. M. Machado, 2009). The first five have a contrast of 3:1 on white and on
 * a dark page alike: they are for models; the others are those of the roles.
 */
export const seriesColors = [
  '#0072B2', // blue
  '#D55E00', // vermilion
  '#CC79A7', // reddish purple
  '#8C564B', // brown
  '#009E73', // bluish green
  '#E69F00', // orange
  '#56B4E9', // sky blue
  '#1f2328', // ink, for black
] as const;

/** Marks that differ without colour, in the order of `seriesColors`. */
const seriesSymbols = [
  'circle',
  'square',
  'diamond',
  'triangle-up',
  'cross',
  'x',
  'star',
  'triangle-down',
] as const;

export interface SeriesStyle {
  readonly color: string;
  readonly symbol: string;
}

/** How the nth series is drawn; colours repeat after eight, symbols shifted by one each time. */
export function seriesStyle(index: number): SeriesStyle {
  const round = Math.floor(index / seriesColors.length);
  return {
    color: seriesColors[index % seriesColors.length],
    symbol: seriesSymbols[(index + round) % seriesSymbols.length],
  };
}

/** What a set of pictures is for: one colour, mark and line for each, in every figure. */
export const roleStyles = {
  training: { color: seriesColors[5], symbol: 'square', dash: 'dot' },
  validation: { color: seriesColors[6], symbol: 'diamond', dash: 'solid' },
  test: { color: seriesColors[7], symbol: 'circle' },
} as const satisfies Record<string, SeriesStyle & { readonly dash?: Line['dash'] }>;

/** The style of a role where the name is one's. */
export function roleStyle(name: string): SeriesStyle | undefined {
  return Object.hasOwn(roleStyles, name) ? roleStyles[name as keyof typeof roleStyles] : undefined;
}

/**
 * How models are drawn. A model's colour follows from its name, so that it is the same in every figure and every notebook. Two
 * names of one figure that want the same get different ones: the first has it.
 */
export function modelStyles(names: readonly string[]): SeriesStyle[] {
  const places = new Map<string, number>();
  for (const name of names) {
    const wanted = wantedPlace(name);
    if (![...places.values()].includes(wanted)) places.set(name, wanted);
  }
  let free = 0;
  return names.map((name) => {
    const taken = [...places.values()];
    while (taken.includes(free)) free++;
    const place = places.get(name) ?? free;
    places.set(name, place);
    return seriesStyle(place);
  });
}

/** One of the five colours for models. With this factor those that the notebooks show in one figure differ. */
function wantedPlace(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 8164 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % 5;
}

/** Light to dark: ColorBrewer's sequential "Blues" of nine classes (C. Brewer, colorbrewer2.org). */
export const sequentialScale = [
  '#f7fbff',
  '#deebf7',
  '#c6dbef',
  '#9ecae1',
  '#6baed6',
  '#4292c6',
  '#2171b5',
  '#08519c',
  '#08306b',
].map((color, index, { length }) => [index / (length - 1), color] as const);

export const inkColor: string = seriesColors[7];
/** For what is read second; 7:1 on white. */
export const softInkColor = '#57606a';
export const gridColor = '#e4e7eb';
export const fontFamily = 'Helvetica, Arial, sans-serif';

/** Width in CSS pixels of a picture or file of a figure that has none of its own. */
export const defaultFigureWidth = 800;

/**
 * CSS pixels that make an inch on paper: an 800 pixel wide figure is 6.7 inches wide, a page's text
 * width, and its 14 pixel letters are then 8.4 points high.
 */
export const pixelsPerInch = 120;

/** The data set's name; generated pictures always say "generated sample". */
export function datasetName({ name, source }: DatasetLabel): string {
  const unsaid = source === 'generated' && !/generated sample/i.test(name);
  return unsaid ? `${name} (generated sample)` : name;
}

/** `title – data set` */
export function titleWithDataset(title: string, dataset: DatasetLabel): string {
  return `${title} – ${datasetName(dataset)}`;
}

/** Options of every figure. */
export interface FigureOptions {
  /** Named in the title; `run.show` names the run's. */
  readonly dataset?: DatasetLabel;
  readonly title?: string;
}

export const figureRules = { dataset: anyValue, title: text };

/** The same as Plotly takes it; the bare title where no data set is named. */
export function figureTitle(title: string, dataset?: DatasetLabel): string {
  return escapeText(dataset ? titleWithDataset(title, dataset) : title);
}

/** The figure with the data set in its title, once. */
export function withDataset(figure: Figure, dataset: DatasetLabel): Figure {
  const { title } = figure.layout;
  const named = figureTitle('', dataset);
  if (title.text.endsWith(named)) return figure;
  const layout = { ...figure.layout, title: { ...title, text: `${title.text}${named}` } };
  return { ...figure, layout };
}

/** Plotly takes `<b>` and its like for markup: a class or model named so must stay text. */
export function escapeText(text: string): string {
  return printable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The inverse of {@link escapeText}, for HTML that holds no tags. */
export function unescapeText(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

/**
 * Text that XML 1.0 (section 2.2) can hold and a terminal shows as it is: a control character becomes
 * its picture (escape: `␛`), half a surrogate pair and a non-character become `\ufffd`. Tabs and line
 * ends stay.
 */
export function printable(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- those are what it is about
      .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, (control) =>
        String.fromCharCode(0x2400 + control.charCodeAt(0)),
      )
      .replaceAll('\x7f', '\u2421')
      .replaceAll(/[\x80-\x9f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
  );
}

/** Cuts a number to `digits` significant ones, so that notebooks stay small; non-numbers become null. */
export function rounded(value: number | null | undefined, digits = 5): number | null {
  return Number.isFinite(value) ? Number(Number(value).toPrecision(digits)) : null;
}

/** A probability for people: `0.9731` is `97.3 %`. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/**
 * A measured fraction, or a difference of two, with the digits that the sample supports: `0.471`, or `0.47` where the 95 % interval
 * is wider than ±0.035, as on fewer than some 800 pictures. Even on 10,000 pictures it is ±0.01: a fourth digit would be noise.
 *
 * @param interval where it is known.
 */
export function fractionText(fraction: number, interval?: Interval): string {
  const isWide = interval !== undefined && interval.high - interval.low > 0.07;
  return withMinus(fraction.toFixed(isWide ? 2 : 3));
}

/** What hovering says of a fraction. */
export function fractionHover(axis: 'x' | 'y'): string {
  return `%{${axis}:.3f}`;
}

/** The text of a number with a minus sign for its hyphen, and without one before nothing but zeros. */
export function withMinus(number: string): string {
  return number.replace(/^-(?=[0.,]*$)/, '').replace(/^-/, '−');
}

/** How a live figure behaves: few buttons, so that they leave the title free, and nothing that uploads. */
export const figureConfig = {
  // JupyterLab adapts the width itself; Plotly's own way loses a figure's height when its tab is hidden.
  responsive: false,
  displaylogo: false,
  showSendToCloud: false,
  modeBarButtonsToRemove: ['select2d', 'lasso2d', 'zoomIn2d', 'zoomOut2d', 'autoScale2d'],
} as const;

/** The parts of the layout that each figure sets itself. */
export type LayoutParts = Omit<
  FigureLayout,
  'title' | 'font' | 'paper_bgcolor' | 'plot_bgcolor' | 'margin'
> & { readonly title: string; readonly margin?: Partial<FigureLayout['margin']> };

/** The common layout around a figure's own parts. */
export function themedLayout({ title, margin, ...parts }: LayoutParts): FigureLayout {
  return {
    ...parts,
    title: {
      text: title,
      x: 0,
      xref: 'container',
      xanchor: 'left',
      y: 1,
      yref: 'container',
      yanchor: 'top',
      pad: { l: 16, t: 16 },
      font: { size: 18, color: inkColor },
    },
    font: { family: fontFamily, size: 14, color: inkColor },
    paper_bgcolor: '#ffffff',
    plot_bgcolor: '#ffffff',
    margin: { l: 72, r: 24, t: 60, b: 56, ...margin },
  };
}

/**
 * A line at the accuracy that guessing reaches, 1 / number of classes; none where the models do not say their classes, or have
 * different numbers of them.
 *
 * @param place where the line goes, given that accuracy.
 */
export function chanceLine(
  models: readonly { readonly classNames?: readonly string[] }[],
  place: (chance: number) => { readonly x: Coordinate[]; readonly y: Coordinate[] },
): ScatterTrace[] {
  const counts = new Set(models.map(({ classNames }) => classNames?.length ?? 0));
  const [count] = counts;
  if (counts.size !== 1 || count === 0) return [];
  return [
    {
      type: 'scatter',
      mode: 'lines',
      name: `chance: 1 of ${count}`,
      ...place(1 / count),
      line: { color: softInkColor, width: 1.5, dash: 'dash' },
      hoverinfo: 'skip',
    },
  ];
}

/** A legend in lines below the panels, which Plotly makes room for. */
export const legendBelow: NonNullable<FigureLayout['legend']> = {
  orientation: 'h',
  x: 0,
  xanchor: 'left',
  y: 0.01,
  yref: 'container',
  yanchor: 'bottom',
  tracegroupgap: 0,
};

/** An axis with its line, grid and title ('' for none); `parts` add to it or overrule it. */
export function themedAxis(title: string, parts: Axis = {}): Axis {
  return {
    ...(title === '' ? {} : { title: { text: title, standoff: 12 } }),
    showgrid: true,
    gridcolor: gridColor,
    showline: true,
    linecolor: softInkColor,
    ticks: 'outside',
    zeroline: false,
    automargin: true,
    ...parts,
  };
}

/** An axis of named rows, first on top, with half a row of room above and below. */
export function rowAxis(names: readonly string[], parts: Axis = {}): Axis {
  return themedAxis('', { ...nameTicks(names), range: [names.length - 0.4, -0.6], ...parts });
}

/**
 * An axis that has the nth name at coordinate n, cut where too long to print. Not one of Plotly's category
 * axes, which take `2` for the third category or for the one of that name, and know `constructor` already.
 */
export function nameTicks(names: readonly string[]): Axis {
  return {
    type: 'linear',
    tickmode: 'array',
    tickvals: names.map((_, index) => index),
    ticktext: names.map((name) => escapeText(shortened(name))),
    ticks: '',
  };
}

/** At most so many characters. */
export function shortened(name: string, most = 28): string {
  const letters = [...name];
  return letters.length <= most ? name : `${letters.slice(0, most - 1).join('')}…`;
}

/** An axis that counts epochs: whole numbers only, room for a first and only point; hovering says `epoch 1`. */
export function epochAxis(epochs: number, parts: Axis = {}): Axis {
  const margin = Math.max(0.3, epochs * 0.03);
  const steps = epochs <= 10 ? { dtick: 1 } : { nticks: 8, tickformat: 'd' };
  const unifiedhovertitle = { text: 'epoch %{x}' };
  const range = [1 - margin, epochs + margin] as const;
  return themedAxis('epoch', { range, unifiedhovertitle, ...steps, ...parts });
}

/** An axis of fractions. The title names the unit: numbers are 0…1, not percent. */
export function fractionAxis(title: string, parts: Axis = {}): Axis {
  return themedAxis(`${title} (fraction)`, { tickformat: '.4~f', ...parts });
}
