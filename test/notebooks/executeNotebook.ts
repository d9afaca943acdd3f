// Executes a notebook as `npm start` does, in a process of its own, so that its progress stays out of the
// test's report:  executeNotebook.ts NOTEBOOK.ipynb RUN_FOLDER '{"epochs":1}' '{"RUN_RESUME":"1"}'
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseNotebook } from '../../lib/notebook';
import type { ParameterValues } from '../../tools/commands/run/parameters';
import { runNotebook } from '../../tools/commands/run/runNotebook';
import { printProblem } from '../../tools/launcher/problem.cjs';

const [path, directory, values, env] = process.argv.slice(2);
const notebook = parseNotebook(readFileSync(path, 'utf8'));
runNotebook(
  { name: basename(path, '.ipynb'), notebook },
  {
    directory,
    values: JSON.parse(values) as ParameterValues,
    env: JSON.parse(env) as NodeJS.ProcessEnv,
  },
).catch((error: unknown) => (process.exitCode = printProblem(error)));
