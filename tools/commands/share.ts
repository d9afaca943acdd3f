// npm run share: a notebook as one page and as a clean .ipynb, or a run's classifier as a page of its own.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { findModel } from '../../lib/runs/findModel';
import { projectRoot } from '../../lib/project';
import { findRun } from '../../lib/runs/findRuns';
import { describeCommit } from '../../lib/runs/machine';
import { runPage } from '../../lib/runs/exportFigures';
import { EVALUATION, loadRun, runsDirectory, startedRun } from '../../lib/runs/runFolder';
import type { RunRecord } from '../../lib/runs/runRecord';
import type { Figure } from '../../lib/report/figure';
import { fileNameOf, readKeptFigures } from '../../lib/report/keptFigures';
import { saveClassifierPage } from '../../lib/share/classifierPage';
import { findNotebook } from '../../lib/share/findFigures';
import { cleanNotebook, compactText, readNotebook, withoutMachine } from './cleanNotebook';
import {
  fromHere,
  inProject,
  printFile,
  Problem,
  runProgram,
  shownPath,
  tell,
  tellOfWorkingCopy,
  userFolder,
  workingCopyOf,
} from './program';
import { saveNotebookPage } from './run/notebookPage';

interface Options {
  readonly names: readonly string[];
  readonly app: boolean;
  readonly model?: string;
  readonly withPictures: boolean;
  readonly out?: string;
}

void runProgram<Options>(async ({ names: [name], app, model, withPictures, out }) => {
  const folder = out === undefined ? inProject('data', 'shared') : fromHere(out);
  if (model !== undefined && !app) {
    throw new Problem('--model names a model for --app, which is not given.', {
      remedy: `npm run share -- ${name} --app --model ${model}`,
    });
  }
  if (app) await shareClassifier(name, { model, folder });
  else await shareNotebook(name, { withPictures, folder });
});

async function shareNotebook(
  name: string,
  { withPictures, folder }: { withPictures: boolean; folder: string },
): Promise<void> {
  const { path, title, ...results } = await findSource(name);
  const { record } = results;
  if (record?.notebook === EVALUATION) {
    return shareEvaluation(record, { figuresDirectory: path, withPictures, folder });
  }
  const git = record === undefined ? describeCommit(projectRoot()) : record.git;
  const text = readFileSync(path, 'utf8');
  const { notebook, notices } = cleanNotebook(text, { path, withPictures, git });
  const compact = compactText(notebook);
  const target = join(folder, `${title}.ipynb`);
  const page = join(folder, `${title}.html`);
  await writeFileAtomic(target, compact.text);
  // The page is made of all that is shown: it has no 2 MB to stay below.
  await saveNotebookPage(JSON.stringify(notebook), page, { title, ...results });
  for (const notice of [...notices, ...compact.notices]) tell(notice);
  printFile(target, Buffer.byteLength(compact.text));
  printFile(page, statSync(page).size);
}

/** The figures' page of an evaluation, which has no notebook. */
async function shareEvaluation(
  record: RunRecord,
  options: { figuresDirectory: string; withPictures: boolean; folder: string },
): Promise<void> {
  const { figuresDirectory, withPictures, folder } = options;
  const { figures } = await readKeptFigures(figuresDirectory);
  const shown = figures.filter(
    ({ figure }) => withPictures || figure.data.every(({ type }) => type !== 'image'),
  );
  if (shown.length < figures.length)
    tell('The figure of pictures is left out (--with-pictures keeps it).');
  const live = JSON.parse(
    withoutMachine(JSON.stringify(shown.map(({ figure }) => figure))),
  ) as Figure[];
  const page = join(folder, `${record.id}.html`);
  await writeFileAtomic(page, await runPage(record, live, figuresDirectory));
  printFile(page, statSync(page).size);
}

/** The notebook file that is meant, what the shared files are called, and the run that it shows. */
async function findSource(
  name: string,
): Promise<{ path: string; title: string; run?: string; record?: RunRecord }> {
  const place = { from: userFolder, notebooksDirectory: inProject('notebooks') };
  const notebook = await findNotebook(name, place);
  tellOfWorkingCopy(notebook);
  if (notebook !== undefined) {
    const own = await loadRun(dirname(notebook)).catch(() => undefined); // the notebook of a run's folder
    if (own !== undefined) return { path: notebook, title: own.id, record: own };
    const run = startedRun(readNotebook(readFileSync(notebook, 'utf8'), notebook));
    const title = basename(notebook, '.ipynb');
    if (run === undefined) return { path: notebook, title };
    const record = await loadRun(join(runsDirectory(), run)).catch(() => undefined);
    return { path: notebook, title, run, record };
  }
  const { directory, record } = await findRun(name, { from: userFolder });
  const isEvaluation = record.notebook === EVALUATION;
  const path = join(directory, isEvaluation ? 'figures' : 'notebook.ipynb');
  if (existsSync(path)) return { path, title: record.id, record };
  const saved = inProject('notebooks', `${record.notebook}.ipynb`);
  throw new Problem(`The run ${record.id} has no notebook.ipynb: it was made inside Jupyter.`, {
    remedy: `Save the notebook in Jupyter and share that: npm run share -- ${shownPath(workingCopyOf(saved) ?? saved)}`,
  });
}

async function shareClassifier(
  name: string,
  { model, folder }: { model?: string; folder: string },
): Promise<void> {
  const found = await findModel(name, { from: userFolder, ...(model ? { model } : {}) });
  const target = join(folder, `${fileNameOf(`${found.runId ?? ''} ${found.name}`)}.html`);
  const { sizeBytes } = await saveClassifierPage(found.directory, target, {
    name: found.name,
    ...(found.trainedOn === null ? {} : { trainedOn: found.trainedOn }),
  });
  printFile(target, sizeBytes);
}
