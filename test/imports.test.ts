// The order of lib: which folder may import from which, and no file from one that needs it, types included.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';

const lib = resolve(__dirname, '../lib');

/** From the ground up; files of lib itself stand below all folders, index.ts above. `sample` draws for `data`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  tensorflow: [],
  sample: ['data'],
  data: ['tensorflow', 'sample'],
  models: ['tensorflow', 'data'],
  onnx: ['data', 'models'],
  evaluation: ['tensorflow', 'data', 'models', 'onnx'],
  training: ['tensorflow', 'data', 'models', 'evaluation'],
  report: ['tensorflow', 'data', 'evaluation', 'training'],
  runs: ['tensorflow', 'data', 'models', 'onnx', 'evaluation', 'training', 'report'],
  experiments: ['tensorflow', 'data', 'models', 'evaluation', 'training', 'report', 'runs'],
  share: ['data', 'models', 'evaluation', 'report', 'runs'],
};

const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.d.ts'),
);

/** The files of lib that a file names, types too, by TypeScript's own reading. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(lib, file), 'utf8'));
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => relative(lib, resolve(lib, file, '..', fileName.replace(/\.js$/, ''))))
    .map((path) => {
      if (path.endsWith('.cjs')) return path;
      return existsSync(join(lib, `${path}.ts`)) ? `${path}.ts` : join(path, 'index.ts');
    });
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));
const folderOf = (file: string): string | undefined =>
  file.includes('/') ? file.split('/')[0] : undefined;

test('a folder of lib imports from those below it alone', () => {
  const found = files.flatMap((file) => {
    const own = folderOf(file);
    if (own === undefined) return [];
    const allowed = [own, undefined, ...ALLOWED[own]];
    return (imports.get(file) ?? [])
      .filter((other) => !allowed.includes(folderOf(other)) || other === 'index.ts')
      .map((other) => `${file} → ${other}`);
  });
  assert.deepEqual(found, []);
});

test('no file of lib imports one that needs it', () => {
  const done = new Set<string>();
  const circle = (file: string, path: readonly string[]): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' → ');
    if (done.has(file)) return undefined;
    for (const other of imports.get(file) ?? []) {
      const found = circle(other, [...path, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  assert.ok([...imports.values()].flat().length > 500, 'the imports are read');
  for (const file of files) assert.equal(circle(file, []), undefined);
});
