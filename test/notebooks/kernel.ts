// Runs notebooks in the real tslab kernel for the tests beside.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before } from 'node:test';
import { parseRunRecord, type RunRecord } from '../../lib/runs/runRecord';
import { sharedFolder } from '../temporaryFolder';

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
const foreignVariables = [
  'DATA_DIR',
  'CIFAR10_DIR',
  'RUN_DIR',
  'RUN_PRESET',
  'RUN_AGAIN',
  'RUN_RESUME',
  'OFFLINE',
];

/** A notebook that is being executed. */
export interface RunningExecution {
  /** The exit code (137 after `kill`), and what the launcher printed. */
  readonly ended: Promise<Pick<Execution, 'exitCode' | 'printed'>>;
  /** As Ctrl-C. */
  interrupt(): void;
  /** Ends launcher, runner and kernel at once, as a power cut would. */
  kill(): void;
}

/**
 * Starts to execute a notebook; `directory` becomes the run's folder.
 *
 * @param values other parameters. @param env what the launcher would add to the kernel's environment.
 */
export function startExecution(
  path: string,
  directory: string,
  options: {
    readonly values?: Readonly<Record<string, unknown>>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): RunningExecution {
  mkdirSync(directory, { recursive: true });
  const { values = {}, env: added = {} } = options;
  const script = join(__dirname, 'executeNotebook.ts');
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of foreignVariables) delete env[name];
  const args = [
    '--import',
    'tsx',
    script,
    path,
    directory,
    JSON.stringify(values),
    JSON.stringify(added),
  ];
  const launcher = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  launcher.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  launcher.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise<Pick<Execution, 'exitCode' | 'printed'>>((resolve) => {
    launcher.on('close', (code) => resolve({ exitCode: code ?? 137, printed }));
  });
  return {
    ended,
    interrupt: () => void launcher.kill('SIGINT'),
    kill() {
      for (const pid of [launcher.pid ?? 0, ...descendants(launcher.pid ?? 0)]) {
        process.kill(pid, 'SIGKILL');
      }
    },
  };
}

/** Executes a notebook to its end, with other parameters. */
export async function execute(
  path: string,
  directory: string,
  values: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Execution> {
  const { exitCode, printed } = await startExecution(path, directory, { values, env }).ended;
  const executed = readFileSync(join(directory, 'notebook.partial.ipynb'), 'utf8');
  return { exitCode, printed, cells: JSON.parse(executed).cells.map(readCell) };
}

/** The processes that a process started, and those that they started. Linux only. */
function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function parentOf(name: string): number | undefined {
  try {
    // proc(5): field 4, ppid; counted behind the name, which may hold spaces.
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended
  }
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

/** The cell of this id, whose absence fails the test. */
export function findCell({ cells }: Execution, id: string): ExecutedCell {
  const found = cells.find((candidate) => candidate.id === id);
  assert.ok(found, `there is no cell "${id}"`);
  return found;
}

/** What a cell displayed first, in one of its forms. */
export function shownText(execution: Execution, id: string, mimeType: string): string {
  return [findCell(execution, id).displayed[0]?.[mimeType]].flat().join('');
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

/** A notebook of the project, executed once for all tests of a file in a folder of its own. */
export interface ExecutedNotebook {
  readonly folder: string;
  readonly cells: readonly ExecutedCell[];
  readonly record: RunRecord;
  readonly cell: (id: string) => ExecutedCell;
  /** What a cell shows under a MIME type. */
  readonly shown: (id: string, mimeType: string) => string;
}

/** @param values parameters that make it small. */
export function executeOnce(
  name: string,
  values: Readonly<Record<string, string | number | boolean>>,
  env: Readonly<Record<string, string>> = {},
): ExecutedNotebook {
  const folder = sharedFolder();
  let execution: Execution;
  let record: RunRecord;
  before(async () => {
    execution = await execute(join(notebooksFolder, `${name}.ipynb`), folder, values, env);
    assert.equal(execution.exitCode, 0, execution.printed);
    record = parseRunRecord(readFileSync(join(folder, 'run.partial.json'), 'utf8'));
  });
  return {
    folder,
    get cells() {
      return execution.cells;
    },
    get record() {
      return record;
    },
    cell: (id) => findCell(execution, id),
    shown: (id, mimeType) => shownText(execution, id, mimeType),
  };
}
