// ESLint for everything that is code: lib, tests and tools with types, what is plain
// JavaScript, and the notebooks' cells with types, each notebook as one module.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import js from '@eslint/js';
import globals from 'globals';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { createNotebookProgram, notebookModule } from './tools/notebookCells.mjs';

const root = import.meta.dirname ?? process.cwd();

/** Who types which file: Node's part of the project, and the page that runs in a browser. */
const projects = ['test/tsconfig.json', 'lib/share/app/tsconfig.json'].filter((file) =>
  existsSync(join(root, file)),
);

/** Packages that have one door in lib, and the one file that may name them. */
const doors = [
  { packages: ['@tensorflow/*'], file: 'lib/tensorflow/backend.ts' },
  { packages: ['protobufjs'], file: 'lib/onnx/format.ts' },
  { packages: ['onnxruntime-node'], file: 'lib/onnx/runtime.ts' },
  { packages: ['danfojs-node'], file: 'lib/report/tables.ts' },
];

/** What a file of lib must not import; `ownPackages` are those it is itself the door to. */
function restrictedImports(ownPackages = []) {
  const patterns = doors
    .filter(({ packages }) => packages !== ownPackages)
    .map(({ packages, file }) => ({
      group: packages,
      message: `Only ${file} names this package: import what you need from there.`,
    }));
  const inwards = {
    regex: '^(\\.\\./)+(index)?$|^\\./index$|^tslab$',
    message: 'lib/index.ts and tslab are for notebooks: import the file itself.',
  };
  return { 'no-restricted-imports': ['error', { patterns: [...patterns, inwards] }] };
}

/** Turns a notebook into one block of TypeScript, and the findings back into lines of the .ipynb. */
function createNotebookProcessor() {
  const modules = new Map();
  return {
    meta: { name: 'notebook-cells', version: '1' },
    supportsAutofix: false,
    preprocess(text, path) {
      // A notebook for notes is its owner's own business.
      if (!text.includes('"parameters"')) return [];
      const module = notebookModule(text, path);
      modules.set(path, module);
      return [{ text: module.source, filename: 'cells.ts' }];
    },
    postprocess([messages = []], path) {
      const { cellLines, fileLines } = modules.get(path) ?? { cellLines: [], fileLines: [] };
      return messages.map(({ ruleId, severity, message, fatal, line = 1, column = 1 }) => {
        const place = cellLines[line - 1] ?? { cell: 0, line: 0 };
        const where = `(code cell ${place.cell}, line ${place.line})`;
        const text = `${message} ${where}`;
        return { ruleId, severity, fatal, message: text, line: fileLines[line - 1] ?? 1, column };
      });
    },
  };
}

/** typescript-eslint's parser with the compiler's view of the cells as they are in this moment. */
const notebookParser = {
  meta: { name: 'notebook-cells', version: '1' },
  parseForESLint(code, options) {
    const modules = new Map([[options.filePath, code]]);
    const program = createNotebookProgram(ts, modules, join(root, 'lib/index.ts'));
    return tseslint.parser.parseForESLint(code, {
      ...options,
      project: null,
      programs: [program],
    });
  },
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'dist.next/',
      'data/',
      'work/',
      '.venv/',
      '.tensorflow/',
      '.setup/',
      'tools/bench/.venv/',
      '**/.ipynb_checkpoints/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    name: 'everything',
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
      ],
    },
  },
  {
    name: 'plain JavaScript',
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: globals.node },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }] },
  },
  { files: ['**/*.{js,cjs}'], languageOptions: { sourceType: 'commonjs' } },
  {
    name: 'TypeScript',
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylistic],
    languageOptions: {
      parserOptions: {
        project: projects,
        tsconfigRootDir: root,
      },
    },
    rules: {
      '@typescript-eslint/array-type': 'off',
      '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // `test()` of node:test returns a promise that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    name: 'lib',
    files: ['lib/**/*.ts'],
    ignores: ['lib/index.ts', 'lib/share/app/**'],
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      ...restrictedImports(),
    },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts', 'tools/bench/**/*.ts'],
    rules: {
      // A test reads JSON that it wrote itself, and hands wrong values over on purpose.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  ...doors.map(({ packages, file }) => ({
    name: `lib, the door to ${packages.join(' and ')}`,
    files: [file],
    rules: restrictedImports(packages),
  })),
  {
    name: 'notebooks',
    files: ['notebooks/*.ipynb'],
    plugins: { notebook: { processors: { cells: createNotebookProcessor() } } },
    processor: 'notebook/cells',
  },
  {
    name: 'cells',
    files: ['notebooks/*.ipynb/*.ts'],
    languageOptions: { parser: notebookParser },
    rules: {
      // `'a' as 'a' | 'b'` tells --set which values a parameter takes.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // tslab 1.0.22 cannot find the variable of an earlier cell behind `{ run }`.
      'object-shorthand': ['error', 'never'],
      // A cell tells the story: what needs a function belongs in lib, but for networks that the reader changes.
      'no-restricted-syntax': [
        'error',
        {
          selector: 'FunctionDeclaration:not([id.name=/^create/]), ClassDeclaration',
          message: 'Put it into lib.',
        },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(?!\\.\\./lib$)', message: 'A notebook imports "../lib" only.' }] },
      ],
    },
  },
);
