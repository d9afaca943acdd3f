import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { closeBrowser, withBrowser } from '../../lib/report/browser';
import { saveFigure, type SaveFigureOptions } from '../../lib/report/export';
import { figurePage } from '../../lib/report/figurePage';
import { renderSvg } from '../../lib/report/render';
import { browserMissing } from './browserMissing';
import { confusionMatrixFigure } from '../../lib/report/figures';
import { cifar10, sampleFigures } from './sampleFigures';

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'export-'));
});
after(async () => {
  await closeBrowser();
  await rm(directory, { recursive: true });
});

const { confusionMatrix, imageGrid } = sampleFigures;

test('a figure is saved as page, drawing, pixels, numbers and values under a readable name', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const formats = ['html', 'svg', 'png', 'csv', 'json'] as const;
  const files = await saveFigure(confusionMatrix, { directory, formats });
  assert.deepEqual(
    files,
    formats.map((format) => join(directory, `confusion-matrix-cifar-10.${format}`)),
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

test('classes called by numbers and dates stand at their own rows', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const classNames = ['1', '2', '3', '2020-01-01', '1e5'];
  const matrix = classNames.map((_, row) =>
    classNames.map((__, column) => (row === column ? 9 : 0)),
  );
  const figure = confusionMatrixFigure(matrix, { classNames, dataset: cifar10 });
  const svg = await renderSvg(figure);
  for (const axis of ['x', 'y']) {
    const ticks = [...svg.matchAll(new RegExp(`<g class="${axis}tick"><text[^>]*>([^<]*)<`, 'g'))];
    assert.deepEqual(
      ticks.map(([, text]) => text),
      classNames,
      axis,
    );
  }
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
      const plots = Number(
        await page.evaluate(
          "document.querySelectorAll('.plot .main-svg .infolayer .g-gtitle text').length",
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
