// Reads the TypeScript out of a notebook, so that ESLint and the compiler see it as one module.
// tslab itself ignores tsconfig.json and accepts loose code: these are the strict eyes on the cells.
import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * @typedef {object} NotebookCell
 * @property {'code' | 'markdown' | 'raw'} type
 * @property {string} id
 * @property {string} source the whole text
 * @property {readonly string[]} tags
 * @property {readonly object[]} outputs empty for a cell that is not code
 */

/**
 * A notebook's cells in order, `source` joined to one string.
 * @param {string} text the file's JSON
 * @param {string} path named in the error when the text is no notebook
 * @returns {NotebookCell[]}
 */
export function parseNotebookCells(text, path) {
  let notebook;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    throw new Error(`Expected a notebook (JSON) but cannot read ${path}: ${error.message}`);
  }
  if (!Array.isArray(notebook?.cells)) {
    throw new Error(`Expected a notebook with "cells" but found none in ${path}`);
  }
  return notebook.cells.map((cell) => ({
    type: cell.cell_type,
    id: cell.id ?? '',
    source: [cell.source].flat().join(''),
    tags: cell.metadata?.tags ?? [],
    outputs: cell.outputs ?? [],
  }));
}

/**
 * All code cells as the text of one ES module (top-level await and all).
 * @param {string} text the notebook's JSON
 * @param {string} path
 * @returns {{ source: string, cellLines: { cell: number, line: number }[], fileLines: number[] }}
 *   for each line of `source`: the code cell (1-based) and the line in it, and the line of the .ipynb file
 */
export function notebookModule(text, path) {
  const codeCells = parseNotebookCells(text, path).filter((cell) => cell.type === 'code');
  const places = sourcePlaces(text);
  const lines = [];
  const cellLines = [];
  const fileLines = [];
  codeCells.forEach((cell, index) => {
    cell.source.split('\n').forEach((line, lineIndex) => {
      lines.push(line);
      cellLines.push({ cell: index + 1, line: lineIndex + 1 });
      fileLines.push(places.length === codeCells.length ? places[index] + lineIndex : 1);
    });
  });
  return { source: `${lines.join('\n')}\n`, cellLines, fileLines };
}

/**
 * Where each code cell's first line of source is in a .ipynb that Jupyter wrote (one string a line).
 * @param {string} text
 * @returns {number[]} 1-based lines
 */
function sourcePlaces(text) {
  const places = [];
  let isCode = false;
  text.split('\n').forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed.startsWith('"cell_type":')) isCode = trimmed.includes('"code"');
    if (isCode && trimmed === '"source": [') places.push(index + 2);
  });
  return places;
}

/**
 * A strict compiler program over the modules of notebooks; nothing is written to disk.
 * @param {typeof import('typescript')} ts the compiler: the project's, or tslab's own
 * @param {ReadonlyMap<string, string>} modules by absolute path `<notebook>.ipynb/<any name>.ts`, as ESLint
 *   names a notebook's blocks
 * @param {string} libIndex what a cell's `"../lib"` stands for: `lib/index.ts` or `dist/index.d.ts`
 */
export function createNotebookProgram(ts, modules, libIndex) {
  const options = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.ESNext,
    // Called NodeJs in tslab's TypeScript 5.0; tslab itself resolves this way.
    moduleResolution: ts.ModuleResolutionKind.Node10 ?? ts.ModuleResolutionKind.NodeJs,
    esModuleInterop: true,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [resolve(libIndex, '../../node_modules/@types')],
  };
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => modules.has(file) || fileExists.call(host, file);
  host.readFile = (file) => modules.get(file) ?? readFile.call(host, file);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (file, language, ...rest) =>
    modules.has(file)
      ? ts.createSourceFile(file, modules.get(file), language, true)
      : unlessParsed(ts, file, () => getSourceFile(file, language, ...rest));
  host.resolveModuleNames = (names, containingFile) =>
    names.map((name) => {
      const isCell = modules.has(containingFile);
      if (isCell && name === '../lib') return { resolvedFileName: resolve(libIndex) };
      // A cell's imports are looked up from the notebook's folder, not from inside the ".ipynb".
      const from = isCell ? dirname(containingFile) : containingFile;
      return ts.resolveModuleName(name, from, options, host).resolvedModule;
    });
  return ts.createProgram([...modules.keys()], options, host);
}

/** What each compiler has parsed, by path: the next notebook imports the same files. */
const parsedFiles = new WeakMap();

/** A file as it was parsed, unless it has been written since. */
function unlessParsed(ts, file, parse) {
  if (!parsedFiles.has(ts)) parsedFiles.set(ts, new Map());
  const parsed = parsedFiles.get(ts);
  const mtimeMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (parsed.get(file)?.mtimeMs !== mtimeMs) parsed.set(file, { mtimeMs, source: parse() });
  return parsed.get(file)?.source;
}

/**
 * What the strict compiler says about a notebook.
 * @param {typeof import('typescript')} ts
 * @param {{ readonly path: string, readonly text: string }} notebook its absolute path and its JSON
 * @param {string} libIndex
 * @returns {string[]} e.g. `using-cifar.ipynb, code cell 3, line 2: Type 'string' is not …`
 */
export function checkNotebook(ts, { path, text }, libIndex) {
  const { source, cellLines } = notebookModule(text, path);
  const moduleFile = join(path, 'cells.ts');
  const program = createNotebookProgram(ts, new Map([[moduleFile, source]]), libIndex);
  const sourceFile = program.getSourceFile(moduleFile);
  const found = [
    ...program.getSyntacticDiagnostics(sourceFile),
    ...program.getSemanticDiagnostics(sourceFile),
  ];
  return found.map((diagnostic) => {
    const { line } = sourceFile.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const place = cellLines[line] ?? { cell: 0, line: 0 };
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ');
    return `${basename(path)}, code cell ${place.cell}, line ${place.line}: ${message}`;
  });
}
