import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { closeBrowser, withBrowser } from '../../lib/report/browser';
import { saveFigure, type SaveFigureOptions } from '../../lib/report/export';
import { figurePage } from '../../lib/report/figurePage';
import { darkColors } from '../../lib/report/pageStyle';
import { renderSvg } from '../../lib/report/render';
import { browserMissing } from './browserMissing';
import { figureCsv } from '../../lib/report/csv';
import { classCountsFigure, confusionMatrixFigure } from '../../lib/report/classFigures';
import { historyFigure } from '../../lib/report/historyFigures';
import { cifar10, labelledSet, sampleFigures, sampleHistory, testedModel } from './sampleFigures';
import { sharedFolder } from '../temporaryFolder';

const directory = sharedFolder();
after(closeBrowser);

const { confusionMatrix, imageGrid } = sampleFigures;

test('a figure is saved as page, drawing, pixels, numbers and values under a readable name', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const formats = ['html', 'svg', 'png', 'csv', 'json'] as const;
  const files = await saveFigure(confusionMatrix, { directory, formats });
  assert.deepEqual(
    files,
    formats.map((format) => join(directory, `cnn-confusion-matrix-cifar-10.${format}`)),
  );
  assert.deepEqual((await readdir(directory)).length, 5, 'no temporary file stays');
  const { layout } = JSON.parse(await readFile(files[4], 'utf8')) as { layout: { width: number } };
  const { width, density } = await sharp(files[2]).metadata();
  assert.equal(width, 3 * layout.width);
  assert.equal(density, 360, 'fit for print');
});

test('the scale of a PNG can be chosen', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const options: SaveFigureOptions = { directory, name: 'large', formats: ['png'], scale: 1.5 };
  const [file] = await saveFigure(sampleFigures.history, options);
  const { width, density } = await sharp(file).metadata();
  assert.deepEqual([width, density], [1200, 180]);
});

test('impossible options are refused before anything is written', async () => {
  const formats = ['pdf'] as unknown as SaveFigureOptions['formats'];
  await assert.rejects(saveFigure(confusionMatrix, { directory, formats }), /"html", "svg", "png"/);
  await assert.rejects(
    saveFigure(confusionMatrix, { directory, scale: 0 }),
    /scale to be a number/,
  );
  await assert.rejects(saveFigure(confusionMatrix, { directory: '' }), /directory/);
});

test('an SVG is a picture of its own: it names no file and no address', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const svg = await renderSvg(imageGrid);
  assert.doesNotMatch(svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, ''), /(href|src|url\()[^>]{0,3}http/);
  const { width } = await sharp(Buffer.from(svg)).metadata();
  assert.equal(width, imageGrid.layout.width);
  assert.match(svg, /taken for dog/);
});

test('an SVG has dark paper where the theme is dark, and white paper for a program without themes', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const svg = await renderSvg(sampleFigures.comparison);
  const corner = async (picture: Uint8Array) => {
    const { data } = await sharp(picture)
      .extract({ left: 2, top: 2, width: 1, height: 1 })
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return `#${data.toString('hex')}`;
  };
  const seen = await withBrowser(async (browser) => {
    const page = await browser.newPage();
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
    const shots = [];
    for (const value of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
      await page.setContent(
        `<style>:root { color-scheme: light dark } body { margin: 0 }</style><img src="${source}">`,
      );
      shots.push(await corner(await page.screenshot()));
    }
    await page.close();
    return shots;
  });
  const { '#ffffff': dark } = darkColors;
  assert.deepEqual([...seen, await corner(Buffer.from(svg))], ['#ffffff', dark, '#ffffff']);
});

/** Names that a category axis, an object or an XML file takes for something else. */
const oddNames = [
  ...['1', '2', '0', '2020-01-01', '1e5', '-1', 'NaN', 'Infinity', 'null', 'true', ' 7'],
  ...['constructor', '__proto__', 'toString', 'hasOwnProperty', 'length', '%{x}', '$$'],
  ...['\u001b[31mred', 'bell\u0007', 'nul\u0000', 'half\ud83d', '\uffff', 'a\u0085b', '<i>&'],
];
/** The same as they can be printed. */
const printedNames = [
  ...oddNames.slice(0, -7),
  ...['␛[31mred', 'bell␇', 'nul␀', 'half�', '�', 'a�b', '<i>&'],
];

test('classes of any name stand at their own rows and columns', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const classNames = oddNames;
  const confusionMatrix = classNames.map((_, row) =>
    classNames.map((__, column) => (row === column ? row + 1 : 0)),
  );
  const figure = confusionMatrixFigure(testedModel({ confusionMatrix }, classNames), {
    dataset: cifar10,
  });
  const svg = await renderSvg(figure);
  for (const axis of ['x', 'y'] as const) {
    assert.deepEqual(tickTexts(svg, axis), printedNames, axis);
  }
  assert.equal([...svg.matchAll(/<g class="heatmap-label">/g)].length, classNames.length);
  const rows = figureCsv(figure).trimEnd().split('\n').slice(1);
  assert.equal(rows[12].split(',').slice(0, 2).join(), '1,__proto__');
});

test('rows, bars and legends take any name', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const counts = oddNames.map((_, index) => index + 1);
  const lying = classCountsFigure(
    { training: labelledSet(counts, oddNames) },
    { dataset: cifar10 },
  );
  const rows = await renderSvg(lying);
  assert.deepEqual(tickTexts(rows, 'y').sort(), [...printedNames].sort());
  assert.equal([...rows.matchAll(/<g class="point">/g)].length, counts.length);
  const histories = historyFigure(
    oddNames.map((name) => ({ name, history: sampleHistory() })),
    { dataset: cifar10 },
  );
  const legend = [...(await renderSvg(histories)).matchAll(/class="legendtext"[^>]*>([^<]*)</g)];
  assert.ok(legend.some(([, text]) => text === '__proto__'));
  assert.ok(legend.some(([, text]) => text === 'constructor'));
});

function tickTexts(svg: string, axis: 'x' | 'y'): string[] {
  const ticks = [...svg.matchAll(new RegExp(`<g class="${axis}tick"><text[^>]*>([^<]*)<`, 'g'))];
  return ticks.map(([, text]) =>
    text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
  );
}

test('a drawing is valid XML whatever its texts hold', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const { data, layout } = sampleFigures.comparison;
  const title = { ...layout.title, text: 'bell \u0007, escape \u001b, half \ud83d' };
  const svg = await renderSvg({ data, layout: { ...layout, title } });
  assert.match(svg, /bell ␇, escape ␛, half �/);
  assert.ok((await sharp(Buffer.from(svg)).metadata()).width, 'libxml reads it');
});

test('a picture beyond what a canvas holds is drawn at the scale that fits, and that is said', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const { data, layout } = sampleFigures.comparison;
  const tall = { data, layout: { ...layout, height: 20_000 } };
  const log = context.mock.method(console, 'log', () => undefined);
  const [file] = await saveFigure(tall, { directory, name: 'tall', formats: ['png'], scale: 4 });
  // 65,535 pixels a side: 65,535 / 20,000 = 3.27…; the area (2^27) allows 2.89.
  const { width, height, density } = await sharp(file, { limitInputPixels: false }).metadata();
  assert.deepEqual([width, height, density], [2312, 57_800, 347]);
  assert.match(String(log.mock.calls[0].arguments[0]), /800 × 20000 CSS pixels.*drawn at 2\.89/);
  const endless = { data, layout: { ...layout, height: 1e9 } };
  await assert.rejects(
    saveFigure(endless, { directory, name: 'endless', formats: ['png'] }),
    /Expected a figure that a browser's canvas can hold.*svg or html/,
  );
});

test('a page with every figure opens offline, draws all of them and asks for nothing', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const figures = Object.values(sampleFigures);
  const file = join(directory, 'page.html');
  await writeFile(file, await figurePage(figures, { title: 'All </script> figures' }));
  const seen = await openOffline(file);
  assert.deepEqual(seen.errors, []);
  assert.deepEqual(seen.requests, [pathToFileURL(file).href]);
  assert.equal(seen.title, 'All </script> figures');
  assert.equal(seen.plots, figures.length);
});

/** Opens a page without network and tells what it did. */
function openOffline(file: string) {
  return withBrowser(async (browser) => {
    const page = await browser.newPage();
    try {
      const [errors, requests]: string[][] = [[], []];
      page.on('pageerror', (error) => errors.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url())) requests.push(request.url());
      });
      await page.setOfflineMode(true);
      await page.goto(pathToFileURL(file).href);
      await page.waitForSelector('html[data-drawn]');
      const plots = Number(
        await page.evaluate(
          "document.querySelectorAll('.drawing .main-svg .infolayer .g-gtitle text').length",
        ),
      );
      return { errors, requests, title: await page.title(), plots };
    } finally {
      await page.close();
    }
  });
}

test('plotly.js knows every attribute that the figures use', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const file = join(directory, 'validate.html');
  await writeFile(file, await figurePage([confusionMatrix]));
  const problems = await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector('html[data-drawn]');
    // `unused` is an attribute that this figure happens not to need, such as the colour of a hidden grid.
    const script = `(() => {
      const figures = ${JSON.stringify(sampleFigures)};
      return Object.entries(figures).flatMap(([kind, { data, layout }]) =>
        (Plotly.validate(data, layout) ?? [])
          .filter(({ code }) => code !== 'unused')
          .map(({ msg }) => kind + ': ' + msg));
    })()`;
    const found = (await page.evaluate(script)) as string[];
    await page.close();
    return found;
  });
  assert.deepEqual(problems, []);
});
