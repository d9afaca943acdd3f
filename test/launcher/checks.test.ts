// Style, lint and types as tests, so that one runner counts them and prints one summary.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(__dirname, '..', '..');

/** Runs a tool of node_modules on the whole project; rejects with what it printed where it finds something. */
function check(tool: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = join(root, 'node_modules', tool);
    execFile(
      process.execPath,
      [script, ...args],
      { cwd: root, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (!error) return resolve();
        const findings = new Error(`${stdout}${stderr}`.trim());
        findings.stack = findings.message; // the tool's lines say where, ours do not
        reject(findings);
      },
    );
  });
}

test('every file has the form that Prettier gives it', async () => {
  // By content, options and version: what it remembers cannot hide a change.
  const remembered = ['--cache', '--cache-strategy=content'];
  await check('prettier/bin/prettier.cjs', '--check', '--log-level=warn', ...remembered, '.');
});

test('ESLint finds nothing, in code and in the cells of the notebooks', async () => {
  await check('eslint/bin/eslint.js', '--max-warnings=0', '.');
});

test('lib, tests and measurements are typed strictly', async () => {
  // What a file's own content and that of its imports decide is remembered, errors too.
  const memory = 'node_modules/.cache/types.tsbuildinfo';
  const remembered = ['--incremental', '--tsBuildInfoFile', memory];
  await check('typescript/bin/tsc', '--noEmit', ...remembered, '-p', 'test/tsconfig.json');
});

test('the reference of the public functions has no gap', async () => {
  // Types are checked above.
  const flags = ['--emit', 'none', '--treatWarningsAsErrors', '--skipErrorChecking'];
  await check('typedoc/bin/typedoc', ...flags);
});

test('the page that shares a classifier is typed strictly for a browser', async () => {
  await check('typescript/bin/tsc', '--noEmit', '-p', 'lib/share/app/tsconfig.json');
});
