import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';

export type ContestantId =
  'compiled' | 'engine' | 'int8' | 'eager' | 'keras' | 'torch' | 'onnx' | 'onnxFile';

/** How the tables call them. */
export const LABELS: Readonly<Record<ContestantId, string>> = {
  compiled: 'this project',
  engine: 'this project, ONNX Runtime',
  int8: 'this project, int8',
  eager: 'eager tfjs',
  keras: 'Keras',
  torch: 'PyTorch',
  onnx: 'ONNX Runtime',
  onnxFile: "ONNX Runtime, this project's file",
};

/** A contestant at work in a process of its own, that its memory and its start can be measured. */
export interface ContestantProcess {
  /** When the process was started, as `performance.now()`. */
  readonly startedAt: number;
  readonly pid: number;
  /** Sends one command and waits for its reply. @throws Error with what the contestant said went wrong. */
  ask<Reply>(command: Readonly<Record<string, unknown>>): Promise<Reply>;
  /** Ends the process. */
  stop(): void;
}

/** The program and arguments of each contestant. */
export function contestantCommand(id: ContestantId): readonly string[] {
  if (OURS.includes(id)) return [...ownProgram('contestant'), id];
  const file = ONNX_FILES[id];
  return file === undefined ? peerProgram(`${id}_peer`) : [...peerProgram('onnx_peer'), file];
}

const OURS: readonly ContestantId[] = ['compiled', 'engine', 'int8', 'eager'];
/** What Python's ONNX Runtime reads of a task's folder; who writes it comes before: "torch", "engine". */
const ONNX_FILES: Readonly<Partial<Record<ContestantId, string>>> = {
  onnx: 'model.onnx',
  onnxFile: 'exported.onnx',
};

/** A program of ours/ in one JavaScript file, as a user's would be: compiling it is not part of its start. */
export function ownProgram(name: 'contestant' | 'parity' | 'recipes'): readonly string[] {
  return [process.execPath, builtPrograms.get(name) ?? buildProgram(name)];
}

/** A program of peers/, in their Python. */
export function peerProgram(name: string): readonly string[] {
  return [join(__dirname, '.venv', 'bin', 'python'), join(__dirname, 'peers', `${name}.py`)];
}

/**
 * Starts a program that speaks JSON lines, as ours/worker.ts and peers/worker.py do.
 *
 * @param onNews receives its progress messages: its lines that begin with "# ".
 */
export function startContestant(
  [program, ...args]: readonly string[],
  onNews?: (news: string) => void,
): ContestantProcess {
  const startedAt = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting: ((line: string | undefined) => void)[] = [];
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints = (complaints + String(chunk)).slice(-4000)));
  child.stdin.on('error', () => undefined); // it ended: `close` tells
  child.on('error', (error) => (complaints += error.message));
  child.on('close', () => waiting.splice(0).forEach((resolve) => resolve(undefined)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) waiting.shift()?.(line);
    else if (line.startsWith('# ')) onNews?.(line.slice(2));
  });
  let ended = false;
  child.on('close', () => (ended = true));

  return {
    startedAt,
    pid: child.pid ?? -1,
    async ask<Reply>(command: Readonly<Record<string, unknown>>) {
      const line = await new Promise<string | undefined>((resolve) => {
        if (ended) return resolve(undefined);
        waiting.push(resolve);
        child.stdin.write(`${JSON.stringify(command)}\n`);
      });
      if (line === undefined)
        throw new Error(`The process ended at "${String(command.do)}".\n${complaints}`);
      const reply = JSON.parse(line) as Reply & { readonly error?: string };
      if (reply.error !== undefined) throw new Error(reply.error);
      return reply;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

const builtPrograms = new Map<string, string>();

function buildProgram(name: string): string {
  // Directly below the project's root, as lib/ and dist/ are: lib finds the root from its own place.
  const folder = join(__dirname, '..', '..', '.setup');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `bench-${name}-${process.pid}.cjs`);
  buildSync({
    entryPoints: [join(__dirname, 'ours', `${name}.ts`)],
    bundle: true,
    platform: 'node',
    target: 'node20',
    packages: 'external',
    outfile,
    logLevel: 'error',
  });
  process.on('exit', () => rmSync(outfile, { force: true }));
  builtPrograms.set(name, outfile);
  return outfile;
}
