import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inProject } from '../../tools/launcher/setup/project.mjs';

const { scripts } = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const commands = Object.entries(scripts).filter(
  ([name]) => !['format', 'lint', 'types', 'docs'].includes(name),
);

test('every command comes in by the door, which an old Node can read', () => {
  for (const [name, line] of commands)
    assert.match(line, /^node tools\/door\.cjs \S+\.mjs( \S+)?$/, name);
  const source = readFileSync(inProject('tools', 'door.cjs'), 'utf8').replaceAll(/\/\/.*/g, '');
  // What Node 8 to 18 do not parse, or lack: ?. ?? ??= node: import … from, top-level await, class fields.
  assert.doesNotMatch(source, /\?\.|\?\?|'node:|^import |^await |^\s*#/m);
});

for (const [name, line] of commands.filter(([name]) => name !== 'test')) {
  test(`npm run ${name} ends without a stack where nobody reads what it says`, async () => {
    const child = spawn(process.execPath, [...line.split(' ').slice(1), '--help'], {
      cwd: inProject(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    assert.doesNotMatch(errors, /EPIPE|^\s+at /m);
    assert.ok(code === 0 || code === 143, `${code}: ${errors}`); // 143: work that was ended politely
  });
}
