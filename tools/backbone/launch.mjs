// npm run train-backbone: set-up first, then main.ts beside this file.
import { refuseSwallowedOptions } from '../launcher/options.mjs';
import { printProblem } from '../launcher/setup/problem.mjs';
import { runProgram } from '../launcher/runProgram.mjs';

const OPTIONS = ['pictures', 'epochs', 'input-size', 'batch-size', 'seed', 'out'];

try {
  const flags = OPTIONS.map((name) => ({ flag: `--${name}`, value: 'N' }));
  refuseSwallowedOptions(process.env, flags, 'npm run train-backbone');
  process.exitCode = await runProgram('tools/backbone/main.ts', process.argv.slice(2));
} catch (error) {
  process.exitCode = printProblem(error);
}
