import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf } from '../../lib/report/keptFigures';

test('a title becomes a name that is readable and safe', () => {
  assert.equal(fileNameOf('Worst mistakes – CIFAR-10'), 'worst-mistakes-cifar-10');
  assert.equal(fileNameOf('../../etc/passwd'), 'etc-passwd');
  assert.equal(fileNameOf('Übergröße & <b>'), 'ubergroße-b');
});

test('a title without letters, and one that is too long, still make a name', () => {
  assert.equal(fileNameOf('…'), 'figure');
  assert.equal(fileNameOf('x'.repeat(300)).length, 80);
});
