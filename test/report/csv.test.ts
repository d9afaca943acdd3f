import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText, figureCsv } from '../../lib/report/csv';
import { sampleFigures } from './sampleFigures';

const lines = (text: string) => text.trimEnd().split('\n');

test('cells with commas, quotes and line breaks are quoted after RFC 4180', () => {
  assert.equal(
    csvText([['a,b', 'say "x"', 'two\nlines', 1 / 3, null]]),
    '"a,b","say ""x""","two\nlines",0.3333333333333333,\n',
  );
});

test('text that a spreadsheet would run as a formula is disarmed, numbers are not', () => {
  assert.equal(csvText([['=1+1', '@x', -1]]), "'=1+1,'@x,-1\n");
});

test('curves become one row a point, with the measure where there are two panels', () => {
  const [header, first] = lines(figureCsv(sampleFigures.history));
  assert.equal(header, 'series,measure,epoch,value');
  assert.equal(first, 'training,"loss (cross-entropy, nats)",1,0.66667');
});

test('the entries that only serve the legend are no data', () => {
  assert.doesNotMatch(figureCsv(sampleFigures.histories), /^MLP,/m);
});

test('error bars become the ends of their interval', () => {
  const rows = lines(figureCsv(sampleFigures.comparison));
  assert.equal(rows[0], 'series,accuracy (fraction),name,low,high');
  assert.equal(rows.at(-1), 'test,0.7462,CNN,0.7376,0.7546');
});

test('a confusion matrix becomes one row a cell', () => {
  assert.deepEqual(lines(figureCsv(sampleFigures.confusionMatrix)), [
    'actual class,predicted class,count,fraction of the actual class',
    'cat,cat,60,0.6',
    'cat,dog,40,0.4',
    'dog,cat,7,0.07',
    'dog,dog,93,0.93',
  ]);
});

test('markup of figures becomes plain text again', () => {
  assert.match(figureCsv(sampleFigures.settings), /^one seed,0.7,no <flip>,,$/m);
  assert.deepEqual(lines(figureCsv(sampleFigures.imageGrid)), [
    'picture,caption',
    '1,"cat, taken for dog"',
    '2,dog',
  ]);
});
