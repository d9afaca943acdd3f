import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContestantId } from '../../tools/bench/contestant';
import {
  disagreement,
  ratios,
  type CaseResult,
  type Goal,
  type Row,
} from '../../tools/bench/results';
import { caseMarkdown, ratioTable } from '../../tools/bench/tables';

function row(contestant: ContestantId, median: number, change: Partial<Row> = {}): Row {
  const range = { low: median - 1, high: median + 1 };
  const process = { note: 'test', peakMegabytes: 100, startSeconds: 1 };
  return { contestant, median, ...range, ...process, parameters: 7, deviation: 0, ...change };
}

function result(rows: readonly Row[], goals: readonly Goal[], lowerIsBetter = false): CaseResult {
  return {
    id: 'case',
    title: 'A case',
    unit: lowerIsBetter ? 'ms' : 'images/s',
    lowerIsBetter,
    rounds: 3,
    foreignLoad: 0.02,
    rows,
    absent: [],
    goals,
    check: 'losses',
    tolerance: 0.001,
    measuredAt: '2026-01-01T00:00Z',
    commit: 'abc',
    command: 'npm run bench',
  };
}

test('ratios() compares throughput with the fastest of the others', () => {
  const rows = [row('compiled', 120), row('keras', 80), row('torch', 100)];
  const [ratio] = ratios(result(rows, [{ against: ['keras', 'torch'], atLeast: 1.2 }]));
  assert.equal(ratio.best.contestant, 'torch');
  assert.equal(ratio.ratio, 1.2);
  assert.equal(ratio.reached, true);
});

test('ratios() compares latency with the shortest of the others', () => {
  const rows = [row('compiled', 10), row('keras', 17), row('torch', 20)];
  const [ratio] = ratios(result(rows, [{ against: ['keras', 'torch'], atLeast: 1.8 }], true));
  assert.equal(ratio.best.contestant, 'keras');
  assert.equal(ratio.ratio, 1.7);
  assert.equal(ratio.reached, false);
});

test('ratios() claims nothing where one of the others is absent', () => {
  const rows = [row('compiled', 120), row('keras', 80)];
  assert.deepEqual(ratios(result(rows, [{ against: ['keras', 'torch'], atLeast: 1.2 }])), []);
});

test('disagreement() notices other parameters and other numbers, and passes unknown counts', () => {
  const ours = row('compiled', 1);
  assert.equal(disagreement(result([ours, row('onnx', 1, { parameters: null })], [])), undefined);
  const other = disagreement(result([ours, row('torch', 1, { parameters: 8 })], []));
  assert.match(other!, /parameter counts differ: 7, 8/);
  const off = disagreement(result([ours, row('torch', 1, { deviation: 0.01 })], []));
  assert.match(off!, /losses of torch differ by 0.01, allowed 0.001/);
  assert.ok(disagreement(result([row('torch', 1, { deviation: NaN })], [])));
});

test('ratios() compares other contestants than ours where the goal says so', () => {
  const rows = [row('engine', 4), row('int8', 2), row('keras', 9)];
  const [ratio] = ratios(result(rows, [{ of: 'int8', against: ['engine'], atLeast: 1.8 }], true));
  assert.deepEqual([ratio.ours.contestant, ratio.ratio, ratio.reached], ['int8', 2, true]);
  const measured = result(rows, [{ of: 'int8', against: ['engine'] }], true);
  assert.match(
    ratioTable([measured]),
    /\| 2\.00 ms, int8 *\| this project, ONNX Runtime: 4\.00 *\| 2\.00 ×/,
  );
});

test('disagreement() allows int8 what its own tolerance allows', () => {
  const measured = (contestant: ContestantId) => ({
    ...result([row(contestant, 1, { deviation: 0.01 })], []),
    int8Tolerance: 0.1,
  });
  assert.equal(disagreement(measured('int8')), undefined);
  assert.match(disagreement(measured('engine'))!, /engine differ by 0.01, allowed 0.001/);
  assert.match(caseMarkdown(measured('int8')), /within 0\.001 \(int8: 0\.1\)/);
});

test('the tables show goals, what was checked, and how quiet the machine was', () => {
  const goals = [{ against: ['keras'] as const, atLeast: 1.2 }];
  const measured = result([row('compiled', 240), row('keras', 100)], goals);
  const lines = ratioTable([measured]).split('\n');
  assert.match(lines[2], /A case *\| 240 images\/s \| Keras: 100 *\| 2\.40 × *\| ≥ 1\.2 × \| yes/);
  const text = caseMarkdown(measured);
  assert.match(text, /Same work: 7 parameters, losses within 0\.001/);
  assert.match(text, /other programs took at most 2 % of the machine/);
  assert.match(text, /\| Keras \(test\) *\| 100 *\| 99\.0–101 /);
});
