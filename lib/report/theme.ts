// The one look of every figure: colours, type, axes, and a title that names the data set.
import type { ImageDataset } from '../data/dataset';
import type { Axis, Figure, FigureLayout, Line } from './figure';

/** What a figure's title says about its data; every `ImageDataset` fits. */
export type DatasetLabel = Pick<ImageDataset, 'name' | 'source'>;

/**
 * Eight colours that people with any kind of colour blindness tell apart: M. Okabe and K. Ito, "Color
 * universal design" (2008). Yellow comes last, being faint on white.
 */
export const seriesColors = [
  '#0072B2', // blue
  '#D55E00', // vermilion
  '#009E73', // bluish green
  '#CC79A7', // reddish purple
  '#E69F00', // orange
  '#56B4E9', // sky blue
  '#000000', // black
  '#F0E442', // yellow
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

/** How the nth series is drawn; colours repeat after eight, symbols shifted by one each time. */
export function seriesStyle(index: number): { color: string; symbol: string } {
  const round = Math.floor(index / seriesColors.length);
  return {
    color: seriesColors[index % seriesColors.length],
    symbol: seriesSymbols[(index + round) % seriesSymbols.length],
  };
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

export const inkColor = '#1f2328';
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

/** `title – data set`; generated pictures always say "generated sample". */
export function titleWithDataset(title: string, { name, source }: DatasetLabel): string {
  const unsaid = source === 'generated' && !/generated sample/i.test(name);
  return `${title} – ${unsaid ? `${name} (generated sample)` : name}`;
}

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

/** A fraction for people: `0.9731` is `97.3 %`. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
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

/** At most 28 characters. */
export function shortened(name: string): string {
  const letters = [...name];
  return letters.length <= 28 ? name : `${letters.slice(0, 27).join('')}…`;
}

/** An axis that counts epochs: whole numbers only, room for a first and only point. */
export function epochAxis(epochs: number, parts: Axis = {}): Axis {
  const margin = Math.max(0.3, epochs * 0.03);
  const steps = epochs <= 10 ? { dtick: 1 } : { nticks: 8, tickformat: 'd' };
  return themedAxis('epoch', { range: [1 - margin, epochs + margin], ...steps, ...parts });
}

/** An axis of fractions. The title names the unit: numbers are 0…1, not percent. */
export function fractionAxis(title: string, parts: Axis = {}): Axis {
  return themedAxis(`${title} (fraction)`, { tickformat: '.4~f', ...parts });
}

/** The line of a series by what was measured: dotted where the model trained on the pictures. */
export const splitDash = { training: 'dot', validation: 'solid' } as const satisfies Record<
  string,
  Line['dash']
>;
