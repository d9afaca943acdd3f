// A process that replaces one folder again and again, to be killed: see atomicFile.test.ts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFolderAtomic } from '../lib/atomicFile';

async function rewriteForEver(path: string): Promise<void> {
  for (let version = 0; ; version++) {
    await writeFolderAtomic(path, async (folder) => {
      await mkdir(join(folder, 'inner'));
      await writeFile(join(folder, 'first'), String(version));
      await writeFile(join(folder, 'inner', 'second'), String(version));
    });
    process.stdout.write('.');
  }
}

void rewriteForEver(process.argv[2]);
