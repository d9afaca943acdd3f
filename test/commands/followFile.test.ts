import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { followFile } from '../../tools/commands/run/followFile';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

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
