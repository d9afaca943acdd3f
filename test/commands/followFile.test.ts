import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { followFile } from '../../tools/commands/run/followFile';

const folder = mkdtempSync(join(tmpdir(), 'follow-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('each line is handed on once and whole, however it is written', () => {
  const path = join(folder, 'progress.jsonl');
  const events: object[] = [];
  const follower = followFile(path, (event) => events.push(event));
  follower.read();
  assert.deepEqual(events, [], 'no file yet');

  const bytes = Buffer.from('{"event":"note","text":"ä – ö"}\n{"event":"step"}\n');
  appendFileSync(path, bytes.subarray(0, 24)); // ends inside the "ä"
  follower.read();
  assert.deepEqual(events, [], 'half a line');
  appendFileSync(path, bytes.subarray(24));
  appendFileSync(path, 'no JSON\n{"event":"half');
  follower.read();
  follower.read();
  assert.deepEqual(events, [{ event: 'note', text: 'ä – ö' }, { event: 'step' }]);
  appendFileSync(path, '"}\n');
  follower.stop();
  assert.deepEqual(events.at(-1), { event: 'half' });
});

test('what stood in the file before is left out', () => {
  const path = join(folder, 'resumed.jsonl');
  appendFileSync(path, '{"event":"epoch"}\n');
  const events: object[] = [];
  const follower = followFile(path, (event) => events.push(event));
  appendFileSync(path, '{"event":"note"}\n');
  follower.stop();
  assert.deepEqual(events, [{ event: 'note' }]);
});
