import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, type TestContext } from 'node:test';

function createFolder(): string {
  return mkdtempSync(join(tmpdir(), 'image-classification-test-'));
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** An empty folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = createFolder();
  t.after(() => remove(folder));
  return folder;
}

/** An empty folder for all tests of a file. */
export function sharedFolder(): string {
  const folder = createFolder();
  after(() => remove(folder));
  return folder;
}

/** An empty folder for each test of a file. */
export function eachFolder(assign: (folder: string) => void): void {
  let folder: string;
  beforeEach(() => assign((folder = createFolder())));
  afterEach(() => remove(folder));
}
