import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignColumns } from '../../lib/report/tableHtml';

test('columns are as wide as their widest cell, to the left or to the right', () => {
  assert.deepEqual(
    alignColumns(
      ['model', 'test'],
      [
        ['MLP', '0.512'],
        ['CNN, all', '–'],
      ],
      (column) => column > 0,
    ),
    ['model      test', '---------------', 'MLP       0.512', 'CNN, all      –'],
  );
});
