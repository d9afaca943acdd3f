import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { compareRuns } from '../../lib/runs/compareRuns';
import { comparisonPage } from '../../lib/runs/comparePage';
import { comparisonCsv } from '../../lib/runs/compareReport';
import { findRun, findRuns } from '../../lib/runs/findRuns';
import { loadRun } from '../../lib/runs/runFolder';
import { createRng } from '../../lib/random';
import { temporaryFolder } from '../temporaryFolder';
import { sampleRecord, writeRun } from './sampleRecord';

const ids = ['20260101-080000-using-cifar-quick', '20260102-080000-using-cifar-full'];

function twoRuns(folder: string): void {
  for (const id of ids) writeRun(folder, id, sampleRecord({ id }));
}

test('runs are found by id, by its beginning, as the latest, by folder, and all of them', async (t) => {
  const folder = temporaryFolder(t);
  twoRuns(folder);
  const found = async (...names: string[]) => {
    const { runs } = await findRuns(names, { runsDirectory: folder, from: folder });
    return runs.map(({ record }) => record.id);
  };
  assert.deepEqual(await found(), ids);
  assert.deepEqual(await found(ids[1]), [ids[1]]);
  assert.deepEqual(await found('20260101'), [ids[0]]);
  assert.deepEqual(await found('latest'), [ids[1]]);
  assert.deepEqual(await found(`./${ids[0]}`), [ids[0]]);
  assert.deepEqual(await found('.'), ids);
  mkdirSync(join(folder, 'sweep'));
  cpSync(join(folder, ids[0]), join(folder, 'sweep', 'rows', 'd41d8cd98f00'), { recursive: true });
  assert.deepEqual(await found('./sweep'), [ids[0]]);
  assert.deepEqual(await found(ids[0], 'latest', '2026'), ids, 'each once');
});

test('a name that means nothing, or too much, is told with what there is', async (t) => {
  const folder = temporaryFolder(t);
  twoRuns(folder);
  const options = { runsDirectory: folder, from: folder };
  await assert.rejects(
    findRuns(['1999'], options),
    /found none for "1999": the complete runs are 20260102-080000-using-cifar-full, 20260101/,
  );
  await assert.rejects(findRun('2026', options), /means 2 \(20260101.*write more of its id/);
  await assert.rejects(findRuns(['latest'], { runsDirectory: join(folder, 'no') }), /"npm start"/);
});

test('foreign and unreadable folders are skipped and named', async (t) => {
  const folder = temporaryFolder(t);
  twoRuns(folder);
  mkdirSync(join(folder, 'photos'));
  writeFileSync(join(folder, 'photos', 'cat.jpg'), '');
  mkdirSync(join(folder, 'odd', 'run.json'), { recursive: true });
  mkdirSync(join(folder, 'loop'));
  symlinkSync('run.json', join(folder, 'loop', 'run.json'));
  mkdirSync(join(folder, 'pipe'));
  execFileSync('mkfifo', [join(folder, 'pipe', 'run.json')]);
  writeRun(folder, 'half', JSON.stringify(sampleRecord()).slice(0, 100));
  const { runs, skipped } = await findRuns([], { runsDirectory: folder });
  assert.equal(runs.length, 2);
  const reasons = Object.fromEntries(skipped.map((s) => [basename(s.directory), s.reason]));
  assert.deepEqual(Object.keys(reasons).sort(), ['half', 'loop', 'odd', 'photos', 'pipe']);
  assert.match(
    reasons.photos,
    /run\.json in .*photos but there is none: it is no run, or one that did not end/,
  );
  assert.match(reasons.odd, /found something else/);
  assert.match(reasons.half, /half\/run\.json/);
});

/** Wrong values, and some that are right in another place. */
const oddValues: readonly unknown[] = [
  null,
  undefined,
  -1,
  1e308,
  0.5,
  '',
  'x'.repeat(10_000),
  '<script>alert(1)</script>',
  '../../etc/passwd',
  [],
  {},
  [[[]]],
  true,
  'NaN',
  { length: 3 },
];

/** All places of a value, as lists of keys. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const below = Object.entries(value).flatMap(([key, child]) => places(child, [...path, key]));
  return path.length === 0 ? below : [[...path], ...below];
}

function mutated(index: number): string {
  const rng = createRng(index, 'malformed record');
  const text = JSON.stringify(sampleRecord());
  if (index % 4 === 0) {
    // Bytes: cut, doubled, or one letter changed.
    const at = 1 + rng.nextInt(text.length - 1);
    const kinds = [
      () => text.slice(0, at),
      () => text.slice(0, at) + text,
      () => `${text.slice(0, at)}\u0000${text.slice(at + 1)}`,
      () => `\ufeff${text.slice(at)}`,
      () => text.replace('"seed":1', '"seed":1e999'),
      () => '['.repeat(5000 + at),
    ];
    return kinds[rng.nextInt(kinds.length)]();
  }
  const record = JSON.parse(text) as Record<string, unknown>;
  const all = places(record);
  const place = all[rng.nextInt(all.length)];
  const parent = place.slice(0, -1).reduce<Record<string, unknown>>((node, key) => {
    return node[key] as Record<string, unknown>;
  }, record);
  parent[place[place.length - 1]] = oddValues[rng.nextInt(oddValues.length)];
  return JSON.stringify(record);
}

test('200 malformed records: each is read or refused by name, and a comparison survives them all', async (t) => {
  const folder = temporaryFolder(t);
  let refused = 0;
  for (let index = 0; index < 200; index++) {
    const name = `run-${String(index).padStart(3, '0')}`;
    const directory = writeRun(folder, name, mutated(index));
    await loadRun(directory).catch((error: unknown) => {
      refused++;
      assert.ok(error instanceof Error && !(error instanceof TypeError), name);
      assert.match(error.message, new RegExp(`${name}/run\\.json: .*run the notebook again`));
    });
  }
  assert.ok(refused > 100, `${refused} refused`);
  const { runs, skipped } = await findRuns([], { runsDirectory: folder });
  assert.deepEqual([runs.length, skipped.length], [200 - refused, refused]);
  const comparison = compareRuns(runs.map(({ record }) => record));
  assert.equal(comparison.runs.length, 200 - refused);
  comparisonCsv(comparison);
  const page = await comparisonPage(comparison, { skipped });
  assert.doesNotMatch(page.slice(0, page.indexOf('<noscript>')), /<script>alert/);
});
