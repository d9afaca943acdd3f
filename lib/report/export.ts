// Figures as files.
import { join } from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { checkOptions, positiveNumber, required, rule, text } from '../options';
import { figureCsv, plainText } from './csv';
import type { Figure } from './figure';
import { figurePage } from './figurePage';
import { fileNameOf } from './keptFigures';
import { pictureOrNotice, renderPng, renderSvg } from './render';

/** Interactive page, vector drawing, pixels, numbers; and Plotly's JSON, to draw it again. */
export const figureFormats = ['html', 'svg', 'png', 'csv', 'json'] as const;
export type FigureFormat = (typeof figureFormats)[number];

export interface SaveFigureOptions {
  /** Folder of the files; made where it is missing. */
  readonly directory: string;
  /** File name without its ending; by default made from the figure's title. */
  readonly name?: string;
  /** `html`, `svg` and `png` by default. */
  readonly formats?: readonly FigureFormat[];
  /**
   * Of the PNG: device pixels per CSS pixel, 3 by default. A figure is 800 CSS pixels or 6.7 inches
   * wide; so 2.5 makes 300 dpi, 3 makes 360 dpi (2400 pixels), and the file carries its density.
   */
  readonly scale?: number;
}

/**
 * Saves a figure, each file in one step. The HTML opens offline and is interactive (0.7 MB, most of it
 * plotly.js). SVG and PNG are left out, with a notice, where no browser runs to draw them.
 *
 * @returns the paths of the files written, in the order of the formats
 */
export async function saveFigure(figure: Figure, options: SaveFigureOptions): Promise<string[]> {
  checkOptions<SaveFigureOptions>('saveFigure', options, {
    directory: required(text),
    name: text,
    formats: formatList,
    scale: positiveNumber,
  });
  const { directory, formats = ['html', 'svg', 'png'], scale = 3 } = options;
  const name = fileNameOf(options.name ?? plainText(figure.layout.title.text));
  const written: string[] = [];
  for (const format of new Set(formats)) {
    const content = await figureContent(figure, { format, scale });
    if (content === undefined) continue;
    const file = join(directory, `${name}.${format}`);
    await writeFileAtomic(file, content);
    written.push(file);
  }
  return written;
}

const formatList = rule(
  `an array of ${figureFormats.map((format) => `"${format}"`).join(', ')}`,
  '["svg", "png"]',
  (value) =>
    Array.isArray(value) && value.every((format) => figureFormats.includes(format as FigureFormat)),
);

function figureContent(
  figure: Figure,
  { format, scale }: { readonly format: FigureFormat; readonly scale: number },
): Promise<string | Uint8Array | undefined> | string {
  switch (format) {
    case 'html':
      return figurePage([figure]);
    case 'svg':
      return pictureOrNotice(() => renderSvg(figure));
    case 'png':
      return pictureOrNotice(() => renderPng(figure, { scale }));
    case 'csv':
      return figureCsv(figure);
    case 'json':
      return `${JSON.stringify(figure)}\n`;
  }
}
