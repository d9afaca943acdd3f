// Plain technical English: words of ours that sent readers back to the start of the sentence, and what to write instead.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { cellSource } from '../lib/notebook';
import { experimentNotebooks, readNotebook } from '../tools/commands/run/notebookFile';

const root = resolve(__dirname, '..');

const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/\}? can be told\b/i, 'Options of …'],
  [/\bspoil(t|s|ed)?\b/i, 'no longer finite; damaged'],
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair'],
  [/\bha(s|ve) not got\b/i, 'does not contain'],
  [/\bis no (picture|image)\b/i, 'is not a valid image'],
  [/\bout of reach\b/i, 'could not be downloaded, could not be loaded'],
  [/\b(learn(t|ed)|knows?) by heart\b/i, 'overfitted, memorized'],
  [
    /\bso many (pixels|steps|failures|numbers|pictures|times|milliseconds)\b|\bof so many\b/i,
    'this number of …',
  ],
  [/\bsays? the same of\b/i, 'agree on'],
  [/\banew\b/i, 'again, from scratch'],
  [/\b(somebody|whoever|nobody)\b/i, 'name the program or person'],
  [/\bgo(es)? on\b/i, 'continues'],
  [/\bthe way out\b/i, 'what to do'],
];

/** What strangers read: documents, and the comments and messages of the code. */
function* readFiles(place: string): Generator<string> {
  const path = join(root, place);
  if (statSync(path).isFile()) return yield place;
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    if (/(^|\/)(node_modules|\.venv|records|results)\//.test(name)) continue;
    if (/\.(ts|mjs|cjs|py|md|css)$/.test(name)) yield join(place, name);
  }
}

/** Cells of the notebooks, without their outputs: what ran once stays as it was. */
function* readCells(): Generator<readonly [place: string, text: string]> {
  for (const name of experimentNotebooks()) {
    for (const [index, cell] of readNotebook(name).cells.entries()) {
      yield [`notebooks/${name}.ipynb, cell ${cell.id ?? index}`, cellSource(cell)];
    }
  }
}

test('documents, notebooks, comments and messages use the words of the field', () => {
  const places = ['README.md', 'data/README.md', 'docs', 'lib', 'tools'];
  const files = places.flatMap((place) => [...readFiles(place)]);
  assert.ok(files.length > 200, 'the files are found');
  const texts = files.map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
  const found = [...texts, ...readCells()].flatMap(([place, text]) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        INSTEAD.filter(([word]) => word.test(line)).map(
          ([word, instead]) =>
            `${place}:${index + 1}: ${String(word.exec(line)?.[0])} → ${instead}`,
        ),
      ),
  );
  assert.deepEqual(found, []);
});
