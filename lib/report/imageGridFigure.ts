// Pictures in rows and columns, each with its caption.
import type { DecodedImage } from '../data/image';
import { checkOptions, positiveInteger } from '../options';
import type { Annotation, Axis, Figure, ImageTrace } from './figure';
import { pngDataUri } from './png';
import {
  escapeText,
  type FigureOptions,
  figureRules,
  figureTitle,
  shortened,
  softInkColor,
  themedLayout,
} from './theme';

/** uint8 [height, width, 3] RGB and what is written below. */
export interface CaptionedPicture extends DecodedImage {
  /** `\n` begins a new line; the first line is the darkest. */
  readonly caption: string;
  /** Of its file: said below the caption where the mouse is over the picture. */
  readonly path?: string;
}

export interface ImageGridOptions extends FigureOptions {
  /** Pictures in a row, 5 by default. */
  readonly columns?: number;
  /** CSS pixels of a picture's longer side, 128 by default: a CIFAR-10 pixel is then 4 wide. */
  readonly side?: number;
}

// In CSS pixels.
const GAP = 16;
const LINE = 18;
/** Of a letter, on average, in a font as wide as DejaVu Sans at 13 pixels. */
const LETTER = 7.2;
const MARGIN = 16;
const TITLE = 60;

/**
 * Pictures with captions in a grid; small ones are enlarged to visible pixels, large ones made
 * smaller, so that a notebook stays small. Aspect ratios are kept.
 */
export function imageGridFigure(
  pictures: readonly CaptionedPicture[],
  options: ImageGridOptions = {},
): Figure {
  checkOptions('imageGridFigure', options, {
    ...figureRules,
    columns: positiveInteger,
    side: positiveInteger,
  });
  const side = options.side ?? 128;
  const columns = Math.max(1, Math.min(options.columns ?? 5, pictures.length));
  const rows = Math.ceil(pictures.length / columns);
  const lines = Math.max(0, ...pictures.map(({ caption }) => caption.split('\n').length));
  const tallest = Math.max(0, ...pictures.map((picture) => displaySize(picture, side).height));
  const rowHeight = tallest + lines * LINE + GAP;
  const width = Math.max(360 - 2 * MARGIN, columns * (side + GAP) - GAP);
  const height = Math.max(1, rows * rowHeight);
  const boxes = pictures.map((picture, index) => {
    const size = displaySize(picture, side);
    const left = (index % columns) * (side + GAP) + (side - size.width) / 2;
    const bottom = Math.floor(index / columns) * rowHeight + tallest;
    return { left, top: bottom - size.height, bottom, ...size };
  });
  // One unit of the hidden axes is one CSS pixel.
  const hidden: Axis = { visible: false, fixedrange: true };
  return {
    data: pictures.map((picture, index) => pictureTrace(picture, boxes[index])),
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Pictures', options.dataset),
      width: width + 2 * MARGIN,
      height: height + TITLE + MARGIN,
      margin: { l: MARGIN, r: MARGIN, t: TITLE, b: MARGIN },
      xaxis: { ...hidden, range: [0, width] },
      yaxis: { ...hidden, range: [height, 0] },
      annotations: pictures.map((picture, index) => captionBelow(picture, boxes[index], side)),
      showlegend: false,
      hovermode: 'closest',
    }),
  };
}

/** Where a picture stands, in CSS pixels from the grid's top left. */
interface Box {
  readonly left: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  readonly height: number;
}

function displaySize(picture: DecodedImage, side: number): { width: number; height: number } {
  const scale = side / Math.max(picture.width, picture.height);
  return { width: picture.width * scale, height: picture.height * scale };
}

function pictureTrace(picture: CaptionedPicture, box: Box): ImageTrace {
  const small = shrunk(picture, Math.max(box.width, box.height));
  const dx = box.width / small.width;
  const dy = box.height / small.height;
  return {
    type: 'image',
    source: pngDataUri(small),
    x0: box.left + dx / 2,
    y0: box.top + dy / 2,
    dx,
    dy,
    meta: escapeText([picture.caption, picture.path ?? []].flat().join('\n')).replaceAll(
      '\n',
      '<br>',
    ),
    hovertemplate: '%{meta}<extra></extra>',
  };
}

/** A line that would run into the next picture's is cut; hovering says all of it. */
function captionBelow(
  { caption }: CaptionedPicture,
  { left, bottom }: Box,
  side: number,
): Annotation {
  const most = Math.max(8, Math.floor((side + GAP) / LETTER));
  const [first, ...others] = caption.split('\n').map((line) => escapeText(shortened(line, most)));
  const rest = others.map((line) => `<span style="color:${softInkColor}">${line}</span>`);
  return {
    text: [first, ...rest].join('<br>'),
    x: left,
    y: bottom + 2,
    xref: 'x',
    yref: 'y',
    showarrow: false,
    xanchor: 'left',
    yanchor: 'top',
    align: 'left',
    font: { size: 13 },
  };
}

/** The picture with its longer side at most `side` pixels: each new pixel is the mean of its area. */
function shrunk(picture: DecodedImage, side: number): DecodedImage {
  const factor = Math.max(picture.height, picture.width) / side;
  if (factor <= 1) return picture;
  const height = Math.max(1, Math.round(picture.height / factor));
  const width = Math.max(1, Math.round(picture.width / factor));
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = span(y, height, picture.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = span(x, width, picture.width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            sum += picture.data[(row * picture.width + column) * 3 + channel];
          }
        }
        const area = (bottom - top) * (right - left);
        data[(y * width + x) * 3 + channel] = Math.round(sum / area);
      }
    }
  }
  return { data, height, width };
}

/** Which of `from` old pixels the new pixel `index` of `to` covers: at least one. */
function span(index: number, to: number, from: number): [start: number, end: number] {
  const start = Math.floor((index * from) / to);
  return [start, Math.max(start + 1, Math.floor(((index + 1) * from) / to))];
}
