// Runs notebooks in the real tslab kernel for the tests beside.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface ExecutedCell {
  readonly id: string;
  /** What the cell wrote to its standard output and error. */
  readonly printed: string;
  /** The bundles it displayed, by MIME type. */
  readonly displayed: readonly Readonly<Record<string, unknown>>[];
}

export interface Execution {
  readonly exitCode: number;
  /** What the launcher printed. */
  readonly printed: string;
  readonly cells: readonly ExecutedCell[];
}

/** Set by the launcher or the user; a test says itself which data it takes. */
const foreignVariables = ['DATA_DIR', 'CIFAR10_DIR', 'RUN_DIR', 'RUN_PRESET', 'OFFLINE'];

/** Executes a notebook with other parameters; `directory` becomes the run's folder. */
export async function execute(
  path: string,
  directory: string,
  values: Readonly<Record<string, unknown>> = {},
): Promise<Execution> {
  const script = join(__dirname, 'executeNotebook.mjs');
  const env = { ...process.env };
  for (const name of foreignVariables) delete env[name];
  const { exitCode, printed } = await new Promise<{ exitCode: number; printed: string }>((done) => {
    const args = [script, path, directory, JSON.stringify(values)];
    execFile(process.execPath, args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ exitCode: error ? Number(error.code ?? 1) : 0, printed: stdout + stderr });
    });
  });
  const executed = readFileSync(join(directory, 'notebook.partial.ipynb'), 'utf8');
  return { exitCode, printed, cells: JSON.parse(executed).cells.map(readCell) };
}

/** Writes a notebook of these code cells to `directory` and returns its path. */
export function writeNotebook(directory: string, ...codeCells: readonly string[]): string {
  const cells = codeCells.map((source, index) => ({
    cell_type: 'code',
    execution_count: null,
    id: `c${index + 1}`,
    metadata: {},
    outputs: [],
    source,
  }));
  const path = join(directory, 'example.ipynb');
  const kernelspec = { display_name: 'TypeScript', language: 'typescript', name: 'tslab' };
  const notebook = { cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(path, JSON.stringify(notebook));
  return path;
}

export const notebooksFolder = resolve(__dirname, '../../notebooks');

interface Output {
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

function readCell({ id, outputs = [] }: { id: string; outputs?: readonly Output[] }): ExecutedCell {
  return {
    id,
    printed: outputs.flatMap(({ text }) => text ?? []).join(''),
    displayed: outputs.flatMap(({ data }) => (data ? [data] : [])),
  };
}
