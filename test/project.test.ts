import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, test } from 'node:test';
import { dataDirectory, environmentPath, isOffline, projectRoot } from '../lib/project';

afterEach(() => {
  delete process.env.DATA_DIR;
  delete process.env.OFFLINE;
});

test('the project’s folder is found from any working directory', () => {
  const before = process.cwd();
  process.chdir('/');
  try {
    assert.equal(projectRoot(), resolve(__dirname, '..'));
    assert.ok(existsSync(join(projectRoot(), 'package.json')));
    assert.equal(dataDirectory(), join(projectRoot(), 'data'));
  } finally {
    process.chdir(before);
  }
});

test('a path from the environment is absolute, and an empty one is none', () => {
  delete process.env.DATA_DIR;
  assert.equal(environmentPath('DATA_DIR'), undefined);
  process.env.DATA_DIR = '';
  assert.equal(environmentPath('DATA_DIR'), undefined);
  for (const name of ['pets', 'pets ', ' pets', ' ', '~']) {
    process.env.DATA_DIR = name; // nothing is cut off, nothing is put in
    assert.equal(environmentPath('DATA_DIR'), join(process.cwd(), name));
  }
});

test('OFFLINE=1 rules downloads out; unset, empty or 0 does not', () => {
  delete process.env.OFFLINE;
  assert.equal(isOffline(), false);
  for (const [value, expected] of [
    ['1', true],
    ['true', true],
    ['0', false],
    ['', false],
  ] as const) {
    process.env.OFFLINE = value;
    assert.equal(isOffline(), expected);
  }
});
