import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { closeBrowser } from '../../lib/report/browser';
import {
  createDisplay,
  showFigure,
  showHtml,
  showMarkdown,
  showPicture,
  showTable,
} from '../../lib/report/display';
import { createTable } from '../../lib/report/tables';
import { browserMissing } from './browserMissing';
import { formOf, inNotebook } from './fakeNotebook';
import { sampleFigures } from './sampleFigures';
import { temporaryFolder } from '../temporaryFolder';

after(closeBrowser);

/** What `print` writes to the standard output. */
async function printed(print: () => void | Promise<void>): Promise<string> {
  const lines: unknown[] = [];
  const log = console.log;
  console.log = (line: unknown) => lines.push(line);
  try {
    await print();
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}

test('a figure is one output: Plotly JSON, a picture, its title as text', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const shown = await inNotebook(() => showFigure(sampleFigures.confusionMatrix));
  assert.equal(shown.length, 1);
  const [{ data, update }] = shown;
  assert.equal(update, false);
  assert.deepEqual(Object.keys(data).sort(), [
    'application/vnd.plotly.v1+json',
    'image/svg+xml',
    'text/plain',
  ]);
  const {
    data: traces,
    layout,
    config,
  } = data['application/vnd.plotly.v1+json'] as never as {
    data: unknown;
    layout: unknown;
    config: { showSendToCloud: boolean };
  };
  assert.deepEqual(
    { data: traces, layout },
    JSON.parse(JSON.stringify(sampleFigures.confusionMatrix)),
  );
  assert.equal(config.showSendToCloud, false);
  assert.match(formOf(shown[0], 'image/svg+xml'), /^<svg .*>93<.*<\/svg>$/s);
  assert.equal(data['text/plain'], '[figure] CNN: confusion matrix – CIFAR-10');
});

test('a figure shown for a run lies in its folder too, as values and as a picture', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const figuresDirectory = await mkdtemp(join(tmpdir(), 'figures-'));
  try {
    const figure = sampleFigures.classCounts;
    await inNotebook(() => showFigure(figure, { name: 'Per class', run: { figuresDirectory } }));
    assert.deepEqual((await readdir(figuresDirectory)).sort(), ['per-class.json', 'per-class.svg']);
    const saved = await readFile(join(figuresDirectory, 'per-class.json'), 'utf8');
    assert.deepEqual(JSON.parse(saved), JSON.parse(JSON.stringify(figure)));
  } finally {
    await rm(figuresDirectory, { recursive: true });
  }
});

test('tables, HTML and Markdown come with a text for front ends that know no better', async () => {
  const shown = await inNotebook(() => {
    showTable(createTable([{ class: 'cat', recall: 0.5 }]), 'Recall');
    showHtml('<b>x</b>', 'x');
    showMarkdown('**x**');
  });
  assert.deepEqual(
    shown.map(({ data }) => data['text/plain']),
    ['Recall\nclass  recall\n-------------\ncat     0.500', 'x', '**x**'],
  );
  assert.match(formOf(shown[0], 'text/html'), /^<table .*<td [^>]*right[^>]*>0\.500</);
  assert.equal(shown[1].data['text/html'], '<b>x</b>');
  assert.equal(shown[2].data['text/markdown'], '**x**');
});

/** A PNG file of one colour, two pixels high. */
async function colouredFile(file: string, width: number): Promise<string> {
  const background = { r: 10, g: 20, b: 30 };
  await sharp({ create: { width, height: 2, channels: 3, background } })
    .png()
    .toFile(file);
  return file;
}

test('a picture file is shown with its pixels, at most 400 wide; its path is the text', async (t) => {
  const folder = temporaryFolder(t);
  const small = await colouredFile(join(folder, 'cat & dog.png'), 3);
  const wide = await colouredFile(join(folder, 'wide.png'), 900);
  const shown = await inNotebook(async () => {
    await showPicture(small);
    await showPicture(wide);
  });
  assert.deepEqual(
    shown.map(({ data }) => data['text/plain']),
    [small, wide],
  );
  const html = formOf(shown[0], 'text/html');
  assert.match(html, /^<img width="3" alt="[^"]*cat &amp; dog\.png" src="data:image\/png;base64,/);
  const [, base64] = /base64,([^"]*)">$/.exec(html) ?? [];
  const pixels = await sharp(Buffer.from(base64, 'base64')).raw().toBuffer();
  assert.deepEqual([...pixels], Array(6).fill([10, 20, 30]).flat());
  assert.match(formOf(shown[1], 'text/html'), /^<img width="400" /);
});

test('a file that is no picture is refused, and nothing is shown', async (t) => {
  const file = join(temporaryFolder(t), 'text.png');
  await writeFile(file, 'no picture');
  const shown = await inNotebook(() => assert.rejects(showPicture(file), /text\.png/));
  assert.deepEqual(shown, []);
});

test('a display is shown once and then replaced under the same id', async () => {
  const shown = await inNotebook(() => {
    const display = createDisplay();
    display.show({ 'text/plain': 'a' });
    display.show({ 'text/plain': 'b' });
  });
  assert.deepEqual(
    shown.map(({ update, data }) => [update, data['text/plain']]),
    [
      [false, 'a'],
      [true, 'b'],
    ],
  );
  assert.equal(shown[0].id, shown[1].id);
  assert.match(shown[0].id ?? '', /^[0-9a-f]{16}$/);
});

test('outside a notebook the text goes to the standard output, and a display shows nothing', async () => {
  const text = await printed(() => {
    showMarkdown('**x**');
    createDisplay().show({ 'text/plain': 'never' });
  });
  assert.equal(text, '**x**');
});
