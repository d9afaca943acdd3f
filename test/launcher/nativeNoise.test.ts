import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { createNoiseFilter } from '../../tools/launcher/nativeNoise.cjs';

// As TensorFlow 2.21 wrote them to stderr on a Linux x64 machine.
const noise = `WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795427795.299391   11794 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results due to floating-point round-off errors from different computation orders. To turn them off, set the environment variable \`TF_ENABLE_ONEDNN_OPTS=0\`.
I0000 00:00:1795427795.493052   11794 cpu_feature_guard.cc:227] This TensorFlow binary is optimized to use available CPU instructions in performance-critical operations.
To enable the following instructions: AVX2 AVX512F FMA, in other operations, rebuild TensorFlow with the appropriate compiler flags.
`;

async function filtered(...chunks: (string | Buffer)[]) {
  const filter = createNoiseFilter();
  for (const chunk of chunks) filter.write(chunk);
  filter.end();
  return text(filter);
}

test("TensorFlow's four start-up lines are dropped", async () => {
  assert.equal(await filtered(noise), '');
});

test('every other line passes, in order and unchanged', async () => {
  const kept = [
    'WARNING: something else\n',
    'E0000 00:00:1 1 cuda_dnn.cc:8310] Unable to register cuDNN factory\n',
    'Error: the oneDNN build is missing\n\n',
    'the last line has no end',
  ].join('');
  assert.equal(await filtered(noise + kept), kept);
});

test('lines and characters may be cut anywhere', async () => {
  const bytes = Buffer.from(`ä1\n${noise}ö2 –\n`);
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  assert.equal(await filtered(...single), 'ä1\nö2 –\n');
});
