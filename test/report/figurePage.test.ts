// Pages and drawings as a reader meets them: on a phone, in a dark theme, with other fonts.
import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'puppeteer-core';
import { closeBrowser, withBrowser } from '../../lib/report/browser';
import { packagedBrowser } from '../../lib/report/chromium';
import { confusionMatrixFigure } from '../../lib/report/classFigures';
import { figureCsv } from '../../lib/report/csv';
import type { Figure } from '../../lib/report/figure';
import { figurePage } from '../../lib/report/figurePage';
import { accuracyAgainstSecondsFigure, historyFigure } from '../../lib/report/historyFigures';
import { renderSvg } from '../../lib/report/render';
import { browserMissing } from './browserMissing';
import { cifar10, sampleFigures, sampleHistory, testedModel } from './sampleFigures';
import { sharedFolder } from '../temporaryFolder';

const directory = sharedFolder();
after(closeBrowser);

const models = ['MLP', 'CNN', 'MobileNetV2 frozen', 'MobileNetV2 fine-tuned'].map((name) => ({
  name,
  history: sampleHistory(),
  test: { accuracy: 0.7 },
}));
const classNames = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const figures: Readonly<Record<string, Figure>> = {
  ...sampleFigures,
  seconds: accuracyAgainstSecondsFigure(models, { dataset: cifar10 }),
  histories: historyFigure(models, { dataset: cifar10 }),
  confusionMatrix: confusionMatrixFigure(
    testedModel({ confusionMatrix: classNames.map(() => classNames.map(() => 100)) }, classNames),
    { dataset: cifar10 },
  ),
};

interface Reader {
  readonly width: number;
  readonly scheme?: 'light' | 'dark';
}

/** What `look` finds on a page with these figures, or on this page. */
async function onPage<T>(
  shown: readonly Figure[] | string,
  { width, scheme = 'light' }: Reader,
  look: (page: Page) => Promise<T>,
): Promise<T> {
  const file = join(directory, 'page.html');
  await writeFile(file, typeof shown === 'string' ? shown : await figurePage(shown));
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    try {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.setViewport({ width, height: 800 });
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector('html[data-drawn]');
      return await look(page);
    } finally {
      await page.close();
    }
  });
}

test('a page with figures is far below 2 MB, and only a figure of another kind needs all of plotly.js', async () => {
  const page = await figurePage(Object.values(sampleFigures));
  assert.ok(page.length < 1e6, `${page.length} bytes`);
  const { layout } = sampleFigures.history;
  const foreign = { data: [{ type: 'scatter3d', x: [1], y: [1], z: [1] }], layout };
  assert.ok((await figurePage([foreign as unknown as Figure])).length > 2e6);
});

/** Of each figure: texts outside of it or of the page, and titles over others. */
const faults = `(() => {
  const within = document.documentElement.clientWidth;
  return [...document.querySelectorAll('.drawing')].map((drawing) => {
    const svg = drawing.querySelector('.main-svg').getBoundingClientRect();
    const boxes = [...drawing.querySelectorAll('text')]
      .filter((text) => text.textContent !== '' && !text.closest('.hoverlayer'))
      .map((text) => ({ text, box: text.getBoundingClientRect() }));
    const outside = boxes.filter(({ box }) =>
      box.left < -1 || box.right > Math.min(svg.right, within) + 1 || box.bottom > svg.bottom + 1);
    const titles = boxes.filter(({ text }) => text.matches('[class*=title]'));
    const overlapping = titles.flatMap(({ box }, index) => titles.slice(0, index).filter((other) =>
      box.left < other.box.right && other.box.left < box.right && box.top < other.box.bottom && other.box.top < box.bottom));
    return [...outside, ...overlapping].map(({ text }) => text.textContent);
  });
})()`;

test('on a phone every figure is whole: no text outside of it or of the page, no title over another', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const found = await onPage(Object.values(figures), { width: 390 }, async (page) => ({
    faults: await page.evaluate(faults),
    width: await page.evaluate('document.documentElement.scrollWidth'),
  }));
  const none = Object.values(figures).map(() => []);
  assert.deepEqual(found, { faults: none, width: 390 });
});

test('in a dark theme figures are dark, but for what a colour means; a change of theme is followed', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const looks = await onPage([figures.history], { width: 900, scheme: 'dark' }, async (page) => {
    const look = () =>
      page.evaluate(`(() => {
        const style = (selector) => getComputedStyle(document.querySelector('.drawing ' + selector));
        return {
          paper: style('.main-svg').backgroundColor,
          title: style('.gtitle').fill,
          training: style('.scatterlayer .js-line').stroke,
        };
      })()`);
    const dark = await look();
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await page.waitForFunction(
      "getComputedStyle(document.querySelector('.drawing .gtitle')).fill === 'rgb(31, 35, 40)'",
    );
    return { dark, light: await look() };
  });
  assert.deepEqual(looks.dark, {
    paper: 'rgb(13, 17, 23)',
    title: 'rgb(230, 237, 243)',
    training: 'rgb(230, 159, 0)',
  });
  assert.deepEqual(looks.light, {
    paper: 'rgb(255, 255, 255)',
    title: 'rgb(31, 35, 40)',
    training: 'rgb(230, 159, 0)',
  });
});

test('buttons save a figure as it is printed, whatever the theme and the width', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const figure = figures.comparison;
  const saved = (await onPage([figure], { width: 390, scheme: 'dark' }, (page) =>
    page.evaluate(`(async () => {
      const links = [];
      HTMLAnchorElement.prototype.click = function () { links.push([this.download, this.href]); };
      for (const [index, button] of document.querySelectorAll('button').entries()) {
        button.click();
        while (links.length <= index) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return links;
    })()`),
  )) as [name: string, address: string][];
  const name = 'accuracy-of-the-models-cifar-10';
  assert.deepEqual(
    saved.map(([file]) => file),
    [`${name}.svg`, `${name}.png`, `${name}.csv`],
  );
  const [svg, png, csv] = saved.map(([, address]) => address.slice(address.indexOf(',') + 1));
  assert.match(decodeURIComponent(svg), /^<svg [^>]*width="800".*textLength=/s);
  assert.doesNotMatch(decodeURIComponent(svg), /rgb\(13, 17, 23\)/);
  assert.equal(Buffer.from(png, 'base64').readUInt32BE(16), 2400, 'pixels, three for one');
  assert.equal(decodeURIComponent(csv), figureCsv(figure));
});

test('a figure says in words what it shows, in the page and in the drawing', async (context) => {
  const says = async (figure: Figure) =>
    /role="figure" aria-label="([^"]*)"/.exec(await figurePage([figure]))?.[1];
  assert.match(
    (await says(sampleFigures.comparison)) ?? '',
    /^Accuracy of the models – CIFAR-10\. chance: 1 of 10; training: MLP 0\.52; test: MLP .*, CNN 0\.746\.$/,
  );
  assert.match(
    (await says(sampleFigures.seconds)) ?? '',
    /CNN, accuracy \(fraction\): from 0\.222 to 0\.741; CNN, test, accuracy \(fraction\): 0\.746;/,
  );
  assert.match(
    (await says(sampleFigures.confusionMatrix)) ?? '',
    // 60 and 93 of 200.
    /Counts of 2 actual by 2 predicted classes, 0\.765 of the pictures on the diagonal: cat, dog\./,
  );
  assert.match(
    (await says(sampleFigures.imageGrid)) ?? '',
    /2 pictures: cat, taken for dog; dog\./,
  );
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const svg = await renderSvg(sampleFigures.comparison);
  assert.match(svg, /^<svg role="img" aria-label="Accuracy of the models – CIFAR-10\. chance/);
});

interface ReadText {
  readonly text: string;
  readonly end: number;
  readonly natural: number;
}

/** Each text of a drawing: where it ends, as a browser with this machine's fonts shows it, and how long it would be unfitted. */
function readTexts(svg: string): Promise<ReadText[]> {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    try {
      await page.setContent(`<!doctype html><body style="margin:0">${svg}</body>`);
      const script = `[...document.querySelectorAll('[textLength]')].map((text) => {
        const end = text.getBoundingClientRect().right;
        text.removeAttribute('textLength');
        return { text: text.textContent, end, natural: text.getComputedTextLength() };
      })`;
      return (await page.evaluate(script)) as ReadText[];
    } finally {
      await page.close();
    }
  });
}

test('a drawing is whole in any font: each text is as long as where it was drawn', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const { path } = await packagedBrowser().catch(() => ({ path: '' }));
  const otherFonts = join(dirname(path), 'fonts.conf');
  if (!(await stat(otherFonts).catch(() => undefined)))
    return context.skip('no second set of fonts');
  const earlier = process.env.FONTCONFIG_FILE;
  const useFonts = async (file: string | undefined) => {
    await closeBrowser(); // fonts are those of its start
    if (file === undefined) delete process.env.FONTCONFIG_FILE;
    else process.env.FONTCONFIG_FILE = file;
  };
  const { seconds } = figures;
  try {
    const drawn: Record<string, string> = { own: await renderSvg(seconds) };
    await useFonts(otherFonts);
    drawn.other = await renderSvg(seconds);
    const readByOther = await readTexts(drawn.own);
    await useFonts(earlier);
    const readByOwn = await readTexts(drawn.other);
    const [own, other] = [await readTexts(drawn.own), readByOther].map((texts) =>
      texts.reduce((sum, { natural }) => sum + natural, 0),
    );
    if (Math.abs(own / other - 1) < 0.02) return context.skip('this machine has the same fonts');
    for (const texts of [readByOther, readByOwn]) {
      assert.ok(texts.some(({ text }) => text === 'MobileNetV2 fine-tuned, test'));
      assert.deepEqual(
        texts.filter(({ end }) => end > 800),
        [],
      );
    }
    // The same text ends at the same place for both readers.
    const ends = (await readTexts(drawn.own)).map(({ end }) => end);
    const moved = readByOther.filter(({ end }, index) => Math.abs(end - ends[index]) > 1.5);
    assert.deepEqual(moved, []);
  } finally {
    await useFonts(earlier);
  }
});

test('the compiled library makes pages that draw', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const compiled = join(__dirname, '../../dist/lib/report/figurePage.js');
  const { figurePage: makePage } = (await import(compiled)) as { figurePage: typeof figurePage };
  const page = await makePage([figures.history]);
  const plots = await onPage(page, { width: 900 }, (open) =>
    open.evaluate("document.querySelectorAll('.drawing .main-svg').length"),
  );
  assert.ok(Number(plots) > 0);
});
