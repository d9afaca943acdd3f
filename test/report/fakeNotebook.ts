// A notebook cell without a kernel: a module in Node's cache where tslab's would be.
import assert from 'node:assert/strict';
import Module from 'node:module';
import type { MimeBundle } from '../../lib/report/display';

/** One message that a front end would receive. */
export interface Shown {
  readonly data: MimeBundle;
  readonly id: string | undefined;
  readonly update: boolean;
}

/** The form of an output that a front end would show as text. */
export function formOf(shown: Shown | undefined, mimeType: string): string {
  const form = shown?.data[mimeType];
  assert.ok(typeof form === 'string', `no ${mimeType}`);
  return form;
}

const path = '/somewhere/node_modules/tslab/dist/jupyter.js';

/** Runs `cell` as if a tslab kernel ran it, and returns what it showed. */
export async function inNotebook(cell: () => void | Promise<void>): Promise<Shown[]> {
  const shown: Shown[] = [];
  const kernel = new Module(path);
  kernel.exports = {
    lastWriteDisplayData(
      content: { data: MimeBundle; transient: { display_id?: string } },
      update: boolean,
    ) {
      // What crosses to the front end is JSON.
      const data = JSON.parse(JSON.stringify(content.data)) as MimeBundle;
      shown.push({ data, id: content.transient.display_id, update });
    },
  };
  require.cache[path] = kernel;
  try {
    await cell();
  } finally {
    delete require.cache[path];
  }
  return shown;
}
