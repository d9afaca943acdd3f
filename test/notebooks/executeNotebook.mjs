// Executes a notebook as `npm start` does, in a process of its own, so that its progress stays out of the
// test's report:  executeNotebook.mjs NOTEBOOK.ipynb RUN_FOLDER '{"epochs":1}' '{"RUN_RESUME":"1"}'
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { runNotebook } from '../../tools/launcher/run/runNotebook.mjs';
import { printProblem } from '../../tools/launcher/setup/problem.mjs';

const [path, directory, values, env] = process.argv.slice(2);
try {
  const source = {
    name: basename(path, '.ipynb'),
    notebook: JSON.parse(readFileSync(path, 'utf8')),
  };
  await runNotebook(source, { directory, values: JSON.parse(values), env: JSON.parse(env) });
} catch (error) {
  process.exitCode = printProblem(error);
}
