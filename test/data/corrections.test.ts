// Decisions about single pictures: loading obeys them, and says so.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Correction, correctDataset, saveCorrections } from '../../lib/data/corrections';
import { createDataset } from '../../lib/data/dataset';
import { loadImageFolder } from '../../lib/data/imageFolder';
import { temporaryFolder } from '../temporaryFolder';
import { plainPng, writePictures } from './pictures';
import { bytesOf } from '../bytesOf';

const sha256 = (content: Uint8Array | string) => createHash('sha256').update(content).digest('hex');

/** Ten cats and ten dogs, and a decision about one of them. */
async function pets(t: TestContext) {
  const root = join(temporaryFolder(t), 'pets');
  await writePictures(root, { cat: 10, dog: 10 });
  const notices: string[] = [];
  const load = () =>
    loadImageFolder(root, { size: 4, onNotice: (notice) => void notices.push(notice) });
  const decide = (picture: string, label: string | null): Correction => {
    return { picture, sha256: sha256(readFileSync(join(root, picture))), label };
  };
  return { root, file: join(root, 'corrections.json'), notices, load, decide };
}

test('a folder: relabelled and dropped as decided, the other pictures in their sets and order', async (t) => {
  const { root, file, notices, load, decide } = await pets(t);
  const before = await load();
  assert.deepEqual(before.corrections, { file, relabelled: 0, dropped: 0, sha256: null });
  const [moved, left] = before.trainSet.paths?.map((path) => path.slice(root.length + 1)) ?? [];
  const dropped = decide(left, null);
  const label = moved.startsWith('cat') ? 'dog' : 'cat';
  saveCorrections(file, [dropped, decide(moved, label)]);
  const after = await load();
  assert.deepEqual(
    after.trainSet.paths,
    before.trainSet.paths?.filter((_, index) => index !== 1),
  );
  assert.deepEqual(after.testSet, before.testSet, 'the division stays');
  assert.equal(after.trainSet.classNames[after.trainSet.labels[0]], label);
  assert.deepEqual(after.trainSet.labels.slice(1), before.trainSet.labels.slice(2));
  assert.deepEqual(after.corrections, {
    ...{ file, relabelled: 1, dropped: 1, sha256: sha256(readFileSync(file)) },
  });
  assert.notEqual(after.sourceSha256, before.sourceSha256);
  assert.deepEqual(after.skipped, [], 'the file itself is not taken for a picture');
  assert.match(notices.join('\n'), /^Pictures relabelled: 1, dropped: 1, as .*corrections\.json/);
});

test('a picture that has changed, or is gone, makes its correction void, with a notice', async (t) => {
  const { root, file, notices, load, decide } = await pets(t);
  const before = await load();
  const changed = decide('cat/03.png', null);
  saveCorrections(file, [changed, { ...changed, picture: 'cat/gone.png' }]);
  writeFileSync(join(root, 'cat/03.png'), await plainPng([77, 77, 77]));
  const after = await load();
  assert.equal(after.trainSet.size + after.testSet.size, 20);
  assert.equal(after.sourceSha256 === before.sourceSha256, false, 'its size has changed');
  assert.match(
    notices.join(),
    /Void corrections in .* gone or have changed: 2, cat\/03\.png, cat\/gone\.png\. Decide/,
  );
});

test('a malformed file is an error that names it, the entry and the remedy', async (t) => {
  const { file, load, decide } = await pets(t);
  const good = decide('cat/00.png', null);
  const cases: [string, RegExp][] = [
    ['{"corrections": [', /JSON.* in .*corrections\.json: correct that entry, or move the file/],
    ['{"corrections": [{"picture": "cat/00.png"}]}', /corrections\[0\]\.sha256.*corrections\.json/],
    [
      JSON.stringify({ corrections: [{ ...good, label: 'cow' }] }),
      /Expected the label of cat\/00\.png to be null or one of cat, dog but received cow in /,
    ],
  ];
  for (const [content, message] of cases) {
    writeFileSync(file, content);
    await assert.rejects(load(), message);
  }
});

test("CIFAR-10's pictures are known by their numbers, also where two are equal", (t) => {
  const set = (numbers: readonly number[]) =>
    createDataset({
      ...{ name: 'CIFAR-10', source: 'official', classNames: ['cat', 'dog'], height: 1, width: 1 },
      images: new Uint8Array(3 * numbers.length).fill(9),
      labels: new Int32Array(numbers.length),
      numbers: Uint32Array.from(numbers),
    });
  const splits = {
    ...{ name: 'CIFAR-10', source: 'official' as const, sourceSha256: 'ab' },
    ...{ trainSet: set([0, 1, 2]), testSet: set([3, 4]) },
  };
  const file = join(temporaryFolder(t), 'corrections', 'cifar-10.json');
  const hash = sha256(Uint8Array.of(9, 9, 9));
  saveCorrections(file, [
    { picture: '1', sha256: hash, label: null },
    { picture: '4', sha256: hash, label: 'dog' },
    { picture: '2', sha256: sha256('another picture'), label: null },
  ]);
  const notices: string[] = [];
  const after = correctDataset(splits, file, (notice) => void notices.push(notice));
  assert.deepEqual([...(after.trainSet.numbers ?? [])], [0, 2]);
  assert.deepEqual([...after.testSet.labels], [0, 1]);
  assert.equal(bytesOf(after.trainSet).length, 6);
  assert.match(after.sourceSha256 ?? '', /^[0-9a-f]{64}$/);
  assert.equal(notices.length, 2);
  assert.match(
    notices[1],
    new RegExp(`Void corrections in .*${basename(file)}, .*: 1, 2\\. Decide`),
  );
});
