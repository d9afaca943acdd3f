// tslab accepts loose code and is two years behind: so the cells are checked strictly, by both compilers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import tslabTs from '@tslab/typescript-for-tslab';
import ts from 'typescript';
import { checkNotebook } from '../../tools/notebookCells.mjs';
import { experimentNotebooks } from '../../tools/commands/run/notebookFile';

const root = resolve(__dirname, '../..');
const dist = join(root, 'dist/lib/index.d.ts');
const needsBuild = existsSync(dist) ? {} : { skip: 'dist/ is not built: npm run setup' };

const notebooks = experimentNotebooks()
  .map((name) => join(root, 'notebooks', `${name}.ipynb`))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

test('the cells are typed strictly against the sources of lib', () => {
  const found = notebooks.flatMap((notebook) =>
    checkNotebook(ts, notebook, join(root, 'lib/index.ts')),
  );
  assert.deepEqual(found, []);
});

test(
  "the cells are typed strictly against the built lib by tslab's own compiler",
  needsBuild,
  () => {
    const compiler = tslabTs as unknown as typeof ts;
    const found = notebooks.flatMap((notebook) => checkNotebook(compiler, notebook, dist));
    assert.deepEqual(found, []);
  },
);

test("tslab's compiler understands every declaration of the built lib", needsBuild, () => {
  // What it does not understand, such as Uint8Array<ArrayBuffer>, it would silently take for any.
  const program = tslabTs.createProgram([dist], {
    target: tslabTs.ScriptTarget.ES2022,
    module: tslabTs.ModuleKind.CommonJS,
    moduleResolution: tslabTs.ModuleResolutionKind.NodeJs,
    esModuleInterop: true,
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  });
  const untypedPackage = 7016; // stays inside lib: a notebook never sees what comes from there
  const found = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(join(root, 'dist')))
    .flatMap((file) => program.getSemanticDiagnostics(file))
    .filter(({ code }) => code !== untypedPackage)
    .map(({ file, messageText }) => {
      return `${file?.fileName}: ${tslabTs.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  assert.deepEqual(found, []);
});
