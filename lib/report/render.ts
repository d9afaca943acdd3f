// A figure as a picture: plotly.js draws it in a headless browser.
import type { Browser, Page } from 'puppeteer-core';
import { withDensity } from '../data/image';
import { BrowserUnavailableError, withBrowser } from './browser';
import { altText } from './altText';
import { plainText } from './csv';
import type { Figure } from './figure';
import { attribute, pageScript, plotlyBundle, type PlotlyBundle, plotlySource } from './figurePage';
import { darkSvgStyle } from './pageStyle';
import { defaultFigureWidth, pixelsPerInch, printable } from './theme';

/**
 * The figure as SVG, without line breaks, numbers cut to what can be seen. The length of each text is written to it, so that it
 * stays whole where the reader's fonts are others than ours; it follows a dark theme, and who cannot see it is told what it shows.
 *
 * @throws BrowserUnavailableError where no browser runs
 */
export async function renderSvg(figure: Figure): Promise<string> {
  const uri = await renderUri(figure, { format: 'svg', scale: 1 });
  const svg = leanSvg(decodeURIComponent(uri.slice(uri.indexOf(',') + 1)));
  const label = attribute(altText(figure));
  return svg.replace(/^<svg ([^>]*)>/, `<svg role="img" aria-label="${label}" $1>${darkSvgStyle}`);
}

/**
 * The figure as PNG.
 *
 * @param options.scale device pixels per CSS pixel: 3 makes an 800 pixel wide figure 2400 pixels wide.
 *   On paper a CSS pixel is 1/120 inch, so 2.5 is 300 dpi and 3 is 360 dpi; the file says so. A picture
 *   that no canvas can hold is drawn at the largest scale that fits, with a notice.
 * @throws BrowserUnavailableError where no browser runs
 * @throws Error where the figure is too large for a canvas at any scale
 */
export async function renderPng(
  figure: Figure,
  { scale }: { readonly scale: number },
): Promise<Uint8Array> {
  const fitting = fittingScale(figure, scale);
  const uri = await renderUri(figure, { format: 'png', scale: fitting });
  const png = Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
  return withDensity(png, fitting * pixelsPerInch);
}

/**
 * What Chromium's canvas holds: 65,535 pixels a side and 2²⁸ pixels in all (MAX_CANVAS…). Half of that
 * area, because a picture passes through memory as pixels, as PNG and as text.
 */
const CANVAS = { side: 65_535, area: 2 ** 27 };

function fittingScale({ layout }: Figure, scale: number): number {
  const { width = defaultFigureWidth, height } = layout;
  const title = plainText(layout.title.text);
  const largest = Math.min(
    CANVAS.side / Math.max(width, height),
    Math.sqrt(CANVAS.area / (width * height)),
  );
  if (scale <= largest) return scale;
  const fitting = Math.floor(largest * 100) / 100;
  const size = `${Math.round(width)} × ${Math.round(height)}`;
  if (fitting === 0) {
    throw new Error(
      `Expected a figure that a browser's canvas can hold but received one of ${size} CSS pixels ` +
        `(“${title}”): save it as svg or html.`,
    );
  }
  console.log(
    `“${title}” has ${size} CSS pixels, too many for a PNG at scale ${scale}: drawn at ${fitting}.`,
  );
  return fitting;
}

let noticeGiven = false;

/**
 * What `render` gives, or undefined where no browser runs: a notice then says so, once, and the work
 * continues without the picture.
 */
export async function pictureOrNotice<T>(render: () => Promise<T>): Promise<T | undefined> {
  try {
    return await render();
  } catch (error) {
    if (!(error instanceof BrowserUnavailableError)) throw error;
    if (!noticeGiven) console.log(`Figures without static pictures. ${error.message}`);
    noticeGiven = true;
    return undefined;
  }
}

/** What is used of plotly.js inside the page. */
interface PlotlyWindow {
  /** Of pageScript.cjs. */
  readonly fitText: (svg: string) => string;
  readonly Plotly: {
    toImage(figure: Figure & { config: object }, options: RenderOptions): Promise<string>;
  };
}

interface RenderOptions {
  readonly format: 'svg' | 'png';
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

function renderUri(
  { data, layout }: Figure,
  image: Pick<RenderOptions, 'format' | 'scale'>,
): Promise<string> {
  const options = { ...image, width: layout.width ?? defaultFigureWidth, height: layout.height };
  return withBrowser(async (browser) => {
    const page = await plotlyPage(browser, plotlyBundle([{ data, layout }]));
    const uri = await page.evaluate(
      async (figure, imageOptions) => {
        const { Plotly, fitText } = globalThis as unknown as PlotlyWindow;
        try {
          const image = await Plotly.toImage({ ...figure, config: {} }, imageOptions);
          if (imageOptions.format !== 'svg') return image;
          const comma = image.indexOf(',') + 1;
          const svg = fitText(decodeURIComponent(image.slice(comma)));
          return image.slice(0, comma) + encodeURIComponent(svg);
        } catch (error) {
          // Plotly rejects with the event of an image that failed, which says "[object Event]" of itself.
          throw error instanceof Error ? error : new Error('the browser cannot read its SVG');
        }
      },
      printableFigure({ data, layout }),
      options,
    );
    if (uri.length > 'data:image/png;base64,'.length) return uri;
    throw new Error('the browser gave an empty picture');
  }).catch((error: unknown) => {
    if (!(error instanceof Error) || error instanceof BrowserUnavailableError) throw error;
    const size = `${options.width} × ${options.height} CSS pixels at scale ${image.scale}`;
    throw new Error(
      `Expected a picture of “${plainText(layout.title.text)}” as ${image.format} (${size}) but received none: ` +
        `${error.message}. Save the figure as html, csv or json, or at a smaller scale.`,
      { cause: error },
    );
  });
}

/** A figure of our own making is printable already; one with other texts becomes so. */
function printableFigure(figure: Figure): Figure {
  const json = JSON.stringify(figure, (_, value: unknown) =>
    typeof value === 'string' ? printable(value) : value,
  );
  return JSON.parse(json) as Figure;
}

const pages = {
  'plotly.js-cartesian-dist-min': new WeakMap<Browser, Promise<Page>>(),
  'plotly.js-dist': new WeakMap<Browser, Promise<Page>>(),
};

/** An empty page with a bundle of plotly.js, one for each browser: loading it takes a moment. */
function plotlyPage(browser: Browser, bundle: PlotlyBundle): Promise<Page> {
  let page = pages[bundle].get(browser);
  if (page === undefined) {
    page = openPlotlyPage(browser, bundle);
    pages[bundle].set(browser, page);
    page.catch(() => pages[bundle].delete(browser)); // the next figure tries again
  }
  return page;
}

async function openPlotlyPage(browser: Browser, bundle: PlotlyBundle): Promise<Page> {
  const [source, script, page] = await Promise.all([
    plotlySource(bundle),
    pageScript(),
    browser.newPage(),
  ]);
  await page.setContent('<!doctype html><meta charset="utf-8"><body></body>');
  await page.addScriptTag({ content: source });
  await page.addScriptTag({ content: script });
  return page;
}

/** Plotly writes coordinates to 15 digits: a hundredth of a pixel is enough. */
function leanSvg(svg: string): string {
  return svg.replaceAll(
    / (d|transform|x|y|x1|x2|y1|y2|cx|cy|width|height|points)="[^"]*"/g,
    (attribute) =>
      attribute.replaceAll(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(+(+number).toFixed(2))),
  );
}
