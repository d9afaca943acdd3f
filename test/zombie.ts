import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A process that has ended and that its parent does not wait for, as in a container without an init. */
export async function startZombie(): Promise<{ pid: number; parent: ChildProcess }> {
  // The shell becomes `sleep`, which waits for nobody.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { pid: Number(line.toString()), parent };
}
