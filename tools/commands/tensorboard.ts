// npm run tensorboard: the curves of runs in TensorBoard.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { writeEventFiles } from '../../lib/runs/eventFiles';
import { findRuns } from '../../lib/runs/findRuns';
import {
  fromHere,
  fromLauncher,
  inProject,
  type LauncherProcesses,
  Problem,
  runProgram,
  shownPath,
  tell,
  userFolder,
} from './program';

interface Options {
  readonly names: readonly string[];
  readonly port: number;
  readonly writeOnly: boolean;
  readonly out?: string;
}

void runProgram<Options>(async ({ names, port = 6006, writeOnly, out }) => {
  const folder = out === undefined ? inProject('data', 'tensorboard') : fromHere(out);
  const { runs } = await findRuns(names, { from: userFolder });
  let models = 0;
  const byId = new Map(runs.map((run) => [run.record.id, run])); // folders may hold copies
  for (const { record, directory } of byId.values()) {
    models += await writeEventFiles(record, folder, join(directory, 'figures'));
  }
  if (models === 0) {
    throw new Problem('There is no complete run with a trained model.', {
      remedy: 'npm start makes a run.',
    });
  }
  tell(`The curves of ${models} models of ${byId.size} runs are in ${shownPath(folder)}.`);
  if (writeOnly) return 0;
  const program = inProject('.setup', 'tensorboard', 'bin', 'tensorboard');
  const args = ['--logdir', folder, '--port', String(port)];
  const board = spawn(program, args, { stdio: 'inherit' });
  const { waitFor } = await fromLauncher<LauncherProcesses>('setup/command.mjs');
  return waitFor(board, ['SIGTERM', 'SIGHUP']);
});
