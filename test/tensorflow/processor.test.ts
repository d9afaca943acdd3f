import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFastBfloat16 } from '../../lib/tensorflow/backend';

test('a processor is fast in bfloat16 where its flags say so', () => {
  const line = (flags: string) =>
    `processor\t: 0\nflags\t\t: fpu avx2 ${flags}\nbogomips\t: 5000\n`;
  assert.equal(hasFastBfloat16(line('avx512f avx512_bf16')), true);
  assert.equal(hasFastBfloat16(line('amx_bf16 amx_tile')), true);
  assert.equal(hasFastBfloat16(line('avx512f')), false);
  assert.equal(hasFastBfloat16(line('avx512_bf16x')), false);
  assert.equal(hasFastBfloat16(''), false);
});
