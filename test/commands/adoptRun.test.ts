import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptOutputs } from '../../tools/commands/adoptRun';

interface Cell {
  id: string;
  cell_type: string;
  source: string[];
  metadata: Record<string, unknown>;
  execution_count?: number | null;
  outputs?: unknown[];
}

function code(id: string, fields: Partial<Cell> = {}): Cell {
  return {
    cell_type: 'code',
    execution_count: null,
    id,
    metadata: {},
    outputs: [],
    source: [`${id};`],
    ...fields,
  };
}

function notebook(...cells: Cell[]): string {
  return JSON.stringify({ cells, metadata: { presets: {} }, nbformat: 4, nbformat_minor: 5 });
}

const stream = { output_type: 'stream', name: 'stdout', text: ['1\n'] };
const figure = { output_type: 'display_data', data: { 'text/plain': 'f' }, metadata: { a: 1 } };
const executedAt = { execution: { started: 'today' } };

function adopt(committed: Cell[], executed: Cell[]): { cells: Cell[] } {
  return JSON.parse(adoptOutputs(notebook(...committed), notebook(...executed)));
}

test('outputs come over by cell, numbered in order, without what else the run has', () => {
  const { cells } = adopt(
    [code('a'), code('b', { metadata: { tags: ['parameters'] } })],
    [
      { id: 'record', cell_type: 'markdown', source: ['> A record.'], metadata: {} },
      code('a', { execution_count: 1, outputs: [stream], metadata: executedAt }),
      code('injected-parameters', { execution_count: 2 }),
      code('b', { execution_count: 3, outputs: [figure] }),
    ],
  );
  assert.deepEqual(cells, [
    code('a', { execution_count: 1, outputs: [stream] }),
    code('b', {
      execution_count: 2,
      metadata: { tags: ['parameters'] },
      outputs: [{ ...figure, metadata: {} }],
    }),
  ]);
});

test("outputs that show the data set's pictures stay out", () => {
  const { cells } = adopt(
    [code('a', { metadata: { tags: ['dataset-pictures'] } })],
    [code('a', { execution_count: 1, outputs: [figure] })],
  );
  assert.deepEqual([cells[0].execution_count, cells[0].outputs], [1, []]);
});

test('a run of another version of the notebook is refused', () => {
  const changed = code('a', { execution_count: 1, source: ['b;'] });
  assert.throws(() => adopt([code('a')], [changed]), /cell "a" to be the same .* run it again/);
  assert.throws(() => adopt([code('a')], []), /Expected the run to have cell "a"/);
});

test('a cell that failed or was never reached is refused', () => {
  const error = { output_type: 'error', ename: 'E', evalue: '', traceback: [] };
  const failed = code('a', { execution_count: 1, outputs: [error] });
  assert.throws(() => adopt([code('a')], [failed]), /cell "a" to be executed/);
  assert.throws(() => adopt([code('a')], [code('a')]), /cell "a" to be executed/);
});
