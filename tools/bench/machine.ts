import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../lib/project';
import { describeCommit } from '../../lib/runs/machine';

/** Where figures were measured: they mean nothing without it. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  /** The processor's instructions that matter to matrix arithmetic. */
  readonly flags: readonly string[];
  readonly system: string;
  readonly versions: Readonly<Record<string, string>>;
}

const FLAGS = ['avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx512_fp16', 'amx_bf16'];

/** Describes this machine and the versions of all contestants. */
export function describeMachine(python: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    flags: cpuFlags(),
    system: `${type()} ${release()} ${arch()}`,
    versions: { node: process.versions.node, ...ownVersions(), ...peerVersions(python) },
  };
}

/** The commit, with "+" where code differs from it. */
export function currentCommit(): string {
  const git = describeCommit(projectRoot());
  return git === null ? 'unknown' : git.commit.slice(0, 7) + (git.dirty ? '+' : '');
}

/** Whether the processor multiplies bytes in one instruction; false where the system does not tell. */
export function hasVnni(): boolean {
  return cpuFlags().includes('avx512_vnni');
}

function cpuFlags(): string[] {
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const present = new Set(line.trim().split(/\s+/));
    return FLAGS.filter((flag) => present.has(flag));
  } catch {
    return []; // not Linux
  }
}

function ownVersions(): Record<string, string> {
  const manifest = join(__dirname, '../../node_modules/@tensorflow/tfjs-node-gpu/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { 'tfjs-node': version };
}

function peerVersions(python: string): Record<string, string> {
  const printed = execFileSync(python, [join(__dirname, 'peers/versions.py')], {
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Record<string, string>;
}
