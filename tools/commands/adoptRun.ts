// For maintainers: copies the outputs of a run into the committed notebook.
//   node --import tsx tools/commands/adoptRun.ts data/runs/<run id>
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { loadRun } from '../../lib/runs/runFolder';
import { PICTURES_TAG } from './cleanNotebook';
import { inProject } from './program';
import { cellSource, hasTag, type NotebookOutput, parseNotebook } from '../../lib/notebook';

/**
 * The committed notebook with the outputs of an executed copy, less those of the cells that show the data
 * set's pictures. Cells are matched by their ids; cells that only the copy has (its note, its parameters)
 * stay out, and of metadata only the committed notebook's own is kept.
 *
 * @param committedText JSON of the notebook in notebooks/.
 * @param executedText JSON of the run's notebook.ipynb.
 * @throws Error where a cell was not executed, failed, or is not the same in both.
 */
export function adoptOutputs(committedText: string, executedText: string): string {
  const committed = parseNotebook(committedText);
  const executed = new Map(parseNotebook(executedText).cells.map((cell) => [cell.id, cell]));
  let count = 0;
  const cells = committed.cells.map((cell) => {
    if (cell.cell_type !== 'code') return cell;
    const copy = executed.get(cell.id);
    const name = `cell "${cell.id}"`;
    if (!copy) throw new Error(`Expected the run to have ${name} but it has none: run it again.`);
    if (cellSource(copy) !== cellSource(cell)) {
      throw new Error(`Expected ${name} to be the same in the run: it was changed, run it again.`);
    }
    if (copy.execution_count == null || copy.outputs?.some((o) => o.output_type === 'error')) {
      throw new Error(`Expected ${name} to be executed but it was not, or failed: run it again.`);
    }
    count += 1;
    const outputs = hasTag(cell, PICTURES_TAG)
      ? []
      : copy.outputs?.map((output) => plainOutput(output, count));
    return { ...cell, execution_count: count, outputs };
  });
  return `${JSON.stringify({ ...committed, cells }, null, 1)}\n`;
}

/** An output without what changes from run to run and shows nothing. */
function plainOutput(output: NotebookOutput, count: number): NotebookOutput {
  const { execution_count: _, ...rest } = output;
  const counted = output.output_type === 'execute_result' ? { execution_count: count } : {};
  return { ...rest, ...counted, ...(output.metadata ? { metadata: {} } : {}) };
}

async function main(directory: string | undefined): Promise<void> {
  if (directory === undefined) {
    throw new Error('Expected a run: adoptRun.ts data/runs/<run id>');
  }
  const { id, notebook } = await loadRun(directory);
  const target = inProject('notebooks', `${notebook}.ipynb`);
  const executed = readFileSync(join(directory, 'notebook.ipynb'), 'utf8');
  const text = adoptOutputs(readFileSync(target, 'utf8'), executed);
  await writeFileAtomic(target, text);
  console.log(`${target}: outputs of ${id} (${(text.length / 1e6).toFixed(2)} MB)`);
}

if (require.main === module) void main(process.argv[2]);
