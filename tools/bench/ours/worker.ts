import { createInterface } from 'node:readline';
import type { Task, TaskPlan } from '../task';

/** What a contestant can be asked; see peers/worker.py for the same in Python. */
export interface Contestant {
  /** Writes a task's data into a folder: needs a model, for the shapes of its weights. */
  write(plan: TaskPlan, folder: string): Promise<void>;
  prepare(task: Task): Promise<{ readonly parameters: number; readonly note: string }>;
  losses(steps: number): Promise<number[]>;
  outputs(rows: number): Promise<number[]>;
  run(steps: number): Promise<void>;
}

interface Command {
  readonly do: string;
  readonly task: Task;
  readonly steps: number;
  readonly rows: number;
  readonly plan: TaskPlan;
  readonly folder: string;
}

/** Answers commands from stdin, one JSON line each, until it ends. What libraries print goes to stderr. */
export function serve(contestant: Contestant): Promise<void> {
  return serveCommands((command: Command) => answer(contestant, command));
}

/** The same for other commands. */
export async function serveCommands<T>(answer: (command: T) => unknown): Promise<void> {
  console.log = console.error;
  console.info = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: unknown;
    try {
      reply = await answer(JSON.parse(line) as T);
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}

async function answer(contestant: Contestant, command: Command): Promise<unknown> {
  const { steps } = command;
  switch (command.do) {
    case 'write':
      await contestant.write(command.plan, command.folder);
      return {};
    case 'prepare':
      return contestant.prepare(command.task);
    case 'losses':
      return { losses: await contestant.losses(steps) };
    case 'outputs':
      return { outputs: await contestant.outputs(command.rows) };
    case 'run':
      return { seconds: await seconds(() => contestant.run(steps)) };
    case 'latencies': {
      const latencies: number[] = [];
      for (let i = 0; i < steps; i++) latencies.push(await seconds(() => contestant.run(1)));
      return { seconds: latencies };
    }
    case 'memory':
      return { peakBytes: process.resourceUsage().maxRSS * 1024 };
    default:
      throw new Error(`Unknown command "${command.do}"`);
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
