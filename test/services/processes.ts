// Processes of this machine, for tests that end some of them.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** @throws Error where it does not become true in time. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, seconds = 300) {
  for (let waited = 0; !(await isTrue()); waited += 0.2) {
    assert.ok(waited < seconds, `waited ${seconds} s until ${what}`);
    await sleep(200);
  }
}

/** Ends a process and all that it started, at once, itself first: it is not to hear of their end. */
export function kill(pid: number): void {
  for (const each of [pid, ...descendants(pid)]) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

function descendants(pid: number): number[] {
  const children = processes().filter((each) => parentOf(each) === pid);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

export function processes(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** A text of /proc; empty where the process has ended. */
export function about(pid: number, what: string): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, 'utf8');
  } catch {
    return '';
  }
}

/** proc(5): field 4, counted behind the name, which may hold spaces. */
export function parentOf(pid: number): number {
  return Number(about(pid, 'stat').split(') ').at(-1)?.split(' ')[1]);
}
