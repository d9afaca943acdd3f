// The end of a run: the executed notebook becomes its record, and the folder is complete.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { writeFileAtomic } from '../../../lib/atomicFile';
import { projectRoot } from '../../../lib/project';
import { parseRunRecord, type RunRecord } from '../../../lib/runs/runRecord';
import { completeRunFolder, loadRun } from '../../../lib/runs/runFolder';
import { insideJson, withoutProjectPath, writeProblem } from '../program';
import { type NotebookCell, parseNotebook } from '../../../lib/notebook';
import { saveNotebookPage } from './notebookPage';

/** Finds out before any work whether runs can be written below `parent`. @throws {Problem} */
export function checkWritable(parent: string): void {
  try {
    mkdirSync(parent, { recursive: true });
    const probe = join(parent, `.writable-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw writeProblem(`make a run's folder in ${parent}`, error as Error) ?? error;
  }
}

interface ExecutedNotebook {
  /** The notebook's name. */
  readonly notebook: string;
  /** The runner's output. */
  readonly executed: string;
}

/**
 * Turns the executed notebook into the run's record and completes the folder, run.json last.
 *
 * @param directory the run's folder.
 * @returns run.json's content; undefined where the notebook kept no record.
 */
export async function completeRun(
  directory: string,
  { notebook, executed }: ExecutedNotebook,
): Promise<RunRecord | undefined> {
  const record = join(directory, 'notebook.ipynb');
  const text = recordText(readFileSync(executed, 'utf8'), { notebook, directory });
  await writeFileAtomic(record, text);
  const partial = join(directory, 'run.partial.json');
  const results = existsSync(partial)
    ? parseRunRecord(readFileSync(partial, 'utf8'), partial)
    : undefined;
  await saveNotebookPage(text, join(directory, 'notebook.html'), {
    title: notebook,
    record: results,
  });
  rmSync(executed, { force: true });
  if (results === undefined) return undefined;
  await completeRunFolder(directory);
  return loadRun(directory);
}

/** An executed notebook as a record: a first cell that says so, and no paths of this machine. */
export function recordText(
  text: string,
  { notebook, directory }: { readonly notebook: string; readonly directory: string },
): string {
  const executed = parseNotebook(text);
  const id = basename(directory);
  const note = `> **A record.** This is what the run \`${id}\` of \`notebooks/${notebook}.ipynb\` computed. To run it again, open that notebook, or say \`npm start -- --notebook ${notebook}\`; this copy cannot import the library from here.`;
  const cell: NotebookCell = {
    cell_type: 'markdown',
    ...((executed.nbformat_minor ?? 0) >= 5 ? { id: 'record' } : {}),
    metadata: { tags: ['record'] },
    source: note,
  };
  const metadata = {
    ...executed.metadata,
    record: { run: id, notebook: `notebooks/${notebook}.ipynb` },
  };
  const whole = { ...executed, metadata, cells: [cell, ...executed.cells] };
  return `${withoutPaths(JSON.stringify(whole, null, 1), directory)}\n`;
}

/** Replaces absolute paths of the clone, and of a run's folder outside it, by relative ones. */
function withoutPaths(json: string, directory: string): string {
  const isOutside = relative(projectRoot(), directory).startsWith('..');
  return withoutProjectPath(
    isOutside ? json.replaceAll(insideJson(join(directory, '..')), 'runs') : json,
  );
}
