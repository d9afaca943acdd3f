import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportFigures } from '../../lib/runs/exportFigures';
import { classCountsFigure } from '../../lib/report/classFigures';
import { sampleModel, sampleRecord } from './sampleRecord';

const folder = mkdtempSync(join(tmpdir(), 'figures-'));
const browserBefore = process.env.PUPPETEER_EXECUTABLE_PATH;

before(() => {
  // How pictures are drawn is tested in test/report; here no browser is to be found.
  process.env.PUPPETEER_EXECUTABLE_PATH = join(folder, 'no-browser');
});

after(() => {
  if (browserBefore === undefined) delete process.env.PUPPETEER_EXECUTABLE_PATH;
  else process.env.PUPPETEER_EXECUTABLE_PATH = browserBefore;
  rmSync(folder, { recursive: true });
});

const weights = {
  name: 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5',
  source: 'official',
} as const;

/** A figure as showFigure keeps it, shown `seconds` after the first. */
function keep(name: string, title: string, seconds: number): void {
  const dataset = { name: 'CIFAR-10', source: 'official' } as const;
  const training = { labels: Int32Array.of(0, 0, 0, 1, 1, 1, 1), classNames: ['cat', 'dog'] };
  const figure = classCountsFigure({ training }, { dataset, title });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(figure));
  utimesSync(file, 1_700_000_000 + seconds, 1_700_000_000 + seconds);
}

test('all figures stand in one page, in the order they were shown, below the results and facts of the run', async (context) => {
  const log = context.mock.method(console, 'log', () => undefined); // one notice: no browser
  keep('a', 'Shown second', 1);
  keep('b', 'Shown first', 0);
  writeFileSync(join(folder, 'broken.json'), '{"data": [');
  const models = [
    { ...sampleModel({ name: 'MLP', testAccuracy: 0.4 }), val: null },
    sampleModel({ testAccuracy: 0.5, seconds: 83 }),
  ];
  const record = {
    ...sampleRecord({ models, seed: 7, commit: 'b'.repeat(40) }),
    id: 'a-run',
    weights,
  };
  const run = { figuresDirectory: folder, record };
  assert.deepEqual(await exportFigures(run), ['figures.html']);
  const page = readFileSync(join(folder, 'figures.html'), 'utf8').replaceAll('&nbsp;', ' ');
  assert.match(page, /<title>Figures of a-run<\/title>/);
  const titles = [...page.matchAll(/aria-label="(Shown \w+)/g)].map(([, title]) => title);
  assert.deepEqual(titles, ['Shown first', 'Shown second']);
  // Of 50 pictures 25: Wilson's interval is .366 to .634, so that a third digit would say nothing.
  assert.match(
    page,
    /class="best"><th scope="row">CNN ★<\/th><td class="right">0\.50 <small>\(0\.37–0\.63\)</,
  );
  assert.match(page, /MLP<\/th><td class="right">0\.40 [^/]*<\/small><\/td><td class="right">–</);
  for (const fact of [
    'CIFAR-10: 90 training, 10 validation and 50 test pictures of 2 classes',
    '2026-01-31 12:00 UTC, 3 min 0 s',
    `<code>${'b'.repeat(10)}</code>`,
    '<dt>Seed</dt><dd>7</dd>',
    'MobileNetV2 1.0 for 96 pixels (ImageNet)',
  ]) {
    assert.ok(page.includes(fact), fact);
  }
  const printed = log.mock.calls.map(({ arguments: [text] }) => String(text));
  assert.match(printed.join('\n'), /Skipped broken\.json: /);
});

test('a run without figures exports none', async () => {
  const nowhere = join(folder, 'nowhere');
  const run = { id: 'a-run', figuresDirectory: nowhere, record: sampleRecord() };
  assert.deepEqual(await exportFigures(run), []);
});
