import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createConstantSchedule,
  createCosineSchedule,
  createOneCycleSchedule,
  createTriangularSchedule,
} from '../../lib/training/schedule';
import { assertClose64 } from '../assertClose';

test('a constant schedule is the same everywhere', () => {
  const schedule = createConstantSchedule({ value: 0.01 });
  assert.deepEqual([0, 0.5, 0.999].map(schedule), [0.01, 0.01, 0.01]);
});

test('a cosine falls from its peak over the mean to its end', () => {
  const schedule = createCosineSchedule({ peak: 0.3, end: 0.1 });
  assertClose64(schedule(0), 0.3);
  assertClose64(schedule(1 / 3), 0.25); // cos 60° = .5: .1 + .2 × .75
  assertClose64(schedule(0.5), 0.2);
  assertClose64(schedule(1), 0.1);
});

test('a triangle rises and falls in straight lines', () => {
  const schedule = createTriangularSchedule({ peak: 1, peakAt: 0.25, start: 0.2, end: 0 });
  assertClose64(schedule(0), 0.2);
  assertClose64(schedule(0.125), 0.6);
  assertClose64(schedule(0.25), 1);
  assertClose64(schedule(0.625), 0.5);
  assertClose64(schedule(1), 0);
});

test("one cycle has the values of PyTorch's OneCycleLR", () => {
  // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, pct_start=.3, div_factor=25, final_div_factor=1e4), by its formula:
  // halfway up (1/25 + 1) / 2, halfway down (1 + 4e-6) / 2.
  const schedule = createOneCycleSchedule({ peak: 1 });
  assertClose64(schedule(0), 0.04);
  assertClose64(schedule(0.15), 0.52);
  assertClose64(schedule(0.3), 1);
  assertClose64(schedule(0.65), 0.500002);
  assertClose64(schedule(1), 4e-6);
});

test('schedules refuse rates and places that cannot be', () => {
  assert.throws(() => createCosineSchedule({ peak: 0 }), /peak to be a number greater than 0/);
  assert.throws(() => createCosineSchedule({ peak: NaN }), /received NaN/);
  assert.throws(() => createTriangularSchedule({ peak: 1, peakAt: 1 }), /peakAt/);
  assert.throws(
    () => createOneCycleSchedule({ peak: 1, peekAt: 0.1 } as never),
    /did you mean "peakAt"/,
  );
});
