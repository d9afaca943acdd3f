// The page that a notebook becomes: made by Jupyter's converter, opened in a browser.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { closeBrowser, withBrowser } from '../../lib/report/browser';
import { saveNotebookPage } from '../../tools/commands/run/notebookPage';
import { pythonPath } from '../../tools/commands/program';
import { trainingSvg } from '../../lib/report/trainingSvg';
import { browserMissing } from '../report/browserMissing';
import { sampleFigures } from '../report/sampleFigures';
import { sampleModel, sampleRecord } from '../runs/sampleRecord';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();
after(closeBrowser);

const svg = '<svg xmlns="http://www.w3.org/2000/svg"><title>Of another program</title></svg>';
const training = trainingSvg({ title: 'CNN', step: undefined, epochs: [], stepPoints: [] });
const display = (data: object) => ({ output_type: 'display_data', metadata: {}, data });
const cell = (source: string, outputs: object[] = [], tags: string[] = []) => ({
  ...{ cell_type: 'code', metadata: { tags }, execution_count: 1, source, outputs },
});
const text = (source: string, tags: string[] = []) => ({
  ...{ cell_type: 'markdown', metadata: { tags }, source },
});
const notebook = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 4,
  metadata: {},
  cells: [
    text('> **A record.** of a run', ['record']),
    cell('throw new Error("elsewhere")', [], ['shared']),
    text('# Using <b>CIFAR</b>'),
    text('## Load the data'),
    cell('const wide = 1;', [
      { output_type: 'stream', name: 'stdout', text: '<b>1</b> & \u001b[32mgreen' },
    ]),
    text('## The answer'),
    cell('show()', [
      display({ 'application/vnd.plotly.v1+json': sampleFigures.comparison, 'image/svg+xml': svg }),
      display({ 'image/svg+xml': svg, 'text/plain': 'another' }),
      display({ 'image/svg+xml': training, 'text/plain': 'CNN' }),
      display({ 'text/html': '<table><tr><td>cell</td></tr></table>' }),
    ]),
  ],
});

test('a page begins with the results of the run, then contents; code is folded; it is live and loads nothing', async (context) => {
  if (!existsSync(pythonPath())) return context.skip('set-up has not made the Python environment');
  const file = join(folder, 'page.html');
  const models = [sampleModel({ name: 'MLP', testAccuracy: 0.4 }), sampleModel()];
  await saveNotebookPage(notebook, file, { title: 'x', record: sampleRecord({ models }) });
  const page = readFileSync(file, 'utf8');
  assert.ok(page.length < 1e6, `${page.length} bytes`);
  assert.match(page, /<title>Using CIFAR<\/title>/);
  assert.doesNotMatch(page, /A record|elsewhere/);
  const places = ['<h1>', 'class="results"', '<dl class="facts"', '<nav', '<main>', '<h2'].map(
    (part) => page.indexOf(part),
  );
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  );
  assert.ok(places[0] > 0);
  assert.match(page, /<a href="#Load-the-data">Load the data<\/a>.*<a href="#The-answer">/s);
  assert.match(page, /&lt;b&gt;1&lt;\/b&gt; &amp; <span[^>]*>green/);
  // The order of attributes is the converter's.
  const still = /<img [^>]*alt="Of another program"[^>]*>/.exec(page)?.[0] ?? '';
  assert.match(still, /src="data:image\/svg/);
  assert.match(page, /<td>cell<\/td>/);

  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const seen = await withBrowser(async (browser) => {
    const open = await browser.newPage();
    const requests: string[] = [];
    open.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url())) requests.push(request.url());
    });
    await open.setViewport({ width: 390, height: 800 });
    await open.goto(pathToFileURL(file).href);
    await open.waitForSelector('html[data-drawn]');
    const unfolded = 'document.querySelectorAll("details.code[open]").length';
    const before = await open.evaluate(unfolded);
    await open.click('#all-code');
    const after = await open.evaluate(unfolded);
    const width = await open.evaluate('document.documentElement.scrollWidth');
    const stills = await open.evaluate('document.querySelectorAll(".drawing img").length');
    const parts = await open.$$eval('.training > *', (all) =>
      all.map((each) => Math.round(each.getBoundingClientRect().width)),
    );
    await open.close();
    return { before, after, width, stills, parts, requests };
  });
  assert.deepEqual(seen, {
    before: 0,
    after: 2,
    width: 390,
    stills: 0,
    parts: [0, 358, 358, 358], // the whole drawing gives way to its words and its two panels
    requests: [pathToFileURL(file).href],
  });
});

test('a notebook that no run recorded has its own title, and no results are made up', async (context) => {
  if (!existsSync(pythonPath())) return context.skip('set-up has not made the Python environment');
  const file = join(folder, 'notes.html');
  const cells = [text('Only notes.')];
  const notes = JSON.stringify({ nbformat: 4, nbformat_minor: 4, metadata: {}, cells });
  await saveNotebookPage(notes, file, { title: 'my <notes>' });
  const page = readFileSync(file, 'utf8');
  assert.match(page, /<h1>my &lt;notes&gt;<\/h1>/);
  assert.match(page, /<title>my &lt;notes&gt;<\/title>/);
  assert.doesNotMatch(page, /class="results"|id="plotly"/);
  assert.match(page, /<h1>.*This notebook holds no finished run\..*<nav/s);
});
