// For whoever commits: puts the outputs of a run into the notebook of the repository.
//   node tools/launcher/adoptRun.mjs data/runs/<run id>
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inProject, writeFileAtomic } from './setup/project.mjs';

/** Cells whose outputs show the data set's own pictures, which the repository may not hand on. */
export const PICTURES_TAG = 'dataset-pictures';

/**
 * The committed notebook with the outputs of an executed copy, less those of the cells that show the data
 * set's pictures. Cells are matched by their ids; cells that only the copy has (its note, its parameters)
 * stay out, and of metadata only the committed notebook's own is kept.
 *
 * @param {string} committedText JSON of the notebook in notebooks/
 * @param {string} executedText JSON of the run's notebook.ipynb
 * @returns {string}
 * @throws {Error} where a cell was not executed, failed, or is not the same in both
 */
export function adoptOutputs(committedText, executedText) {
  const committed = JSON.parse(committedText);
  const executed = new Map(JSON.parse(executedText).cells.map((cell) => [cell.id, cell]));
  let count = 0;
  const cells = committed.cells.map((cell) => {
    if (cell.cell_type !== 'code') return cell;
    const copy = executed.get(cell.id);
    const name = `cell "${cell.id}"`;
    if (!copy) throw new Error(`Expected the run to have ${name} but it has none: run it again.`);
    if (sourceOf(copy) !== sourceOf(cell)) {
      throw new Error(`Expected ${name} to be the same in the run: it was changed, run it again.`);
    }
    if (copy.execution_count === null || copy.outputs.some((o) => o.output_type === 'error')) {
      throw new Error(`Expected ${name} to be executed but it was not, or failed: run it again.`);
    }
    count += 1;
    const isPicture = cell.metadata.tags?.includes(PICTURES_TAG) ?? false;
    const outputs = isPicture ? [] : copy.outputs.map((output) => plainOutput(output, count));
    return { ...cell, execution_count: count, outputs };
  });
  return `${JSON.stringify({ ...committed, cells }, null, 1)}\n`;
}

/** An output without what changes from run to run and shows nothing. */
function plainOutput(output, count) {
  const { execution_count: _, ...rest } = output;
  const counted = output.output_type === 'execute_result' ? { execution_count: count } : {};
  return { ...rest, ...counted, ...(output.metadata ? { metadata: {} } : {}) };
}

function sourceOf({ source }) {
  return [source].flat().join('');
}

function main([directory]) {
  if (!directory)
    throw new Error('Expected a run: node tools/launcher/adoptRun.mjs data/runs/<run id>');
  const record = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'));
  const target = inProject('notebooks', `${record.notebook}.ipynb`);
  const executed = readFileSync(join(directory, 'notebook.ipynb'), 'utf8');
  const text = adoptOutputs(readFileSync(target, 'utf8'), executed);
  writeFileAtomic(target, text);
  console.log(`${target}: outputs of ${record.id} (${(text.length / 1e6).toFixed(2)} MB)`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2));
}
