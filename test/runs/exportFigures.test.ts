import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exportFigures } from '../../lib/runs/exportFigures';
import { classCountsFigure } from '../../lib/report/classFigures';

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

/** A figure as showFigure keeps it, shown `seconds` after the first. */
function keep(name: string, title: string, seconds: number): void {
  const dataset = { name: 'CIFAR-10', source: 'official' } as const;
  const training = { labels: Int32Array.of(0, 0, 0, 1, 1, 1, 1), classNames: ['cat', 'dog'] };
  const figure = classCountsFigure({ training }, { dataset, title });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(figure));
  utimesSync(file, 1_700_000_000 + seconds, 1_700_000_000 + seconds);
}

test('all figures stand in one page, in the order they were shown', async (context) => {
  const log = context.mock.method(console, 'log', () => undefined); // one notice: no browser
  keep('a', 'Shown second', 1);
  keep('b', 'Shown first', 0);
  writeFileSync(join(folder, 'broken.json'), '{"data": [');
  assert.deepEqual(await exportFigures({ id: 'a-run', figuresDirectory: folder }), [
    'figures.html',
  ]);
  const page = readFileSync(join(folder, 'figures.html'), 'utf8');
  assert.match(page, /<title>Figures of a-run<\/title>/);
  const titles = [...page.matchAll(/aria-label="(Shown \w+)/g)].map(([, title]) => title);
  assert.deepEqual(titles, ['Shown first', 'Shown second']);
  const printed = log.mock.calls.map(({ arguments: [text] }) => String(text));
  assert.match(printed.join('\n'), /Skipped broken\.json: /);
});

test('a run without figures exports none', async () => {
  const nowhere = join(folder, 'nowhere');
  assert.deepEqual(await exportFigures({ id: 'a-run', figuresDirectory: nowhere }), []);
});
