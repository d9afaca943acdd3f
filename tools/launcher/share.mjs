// npm run share: a notebook as one page and as a clean .ipynb, or a run's classifier as a page of its own.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fromLib, runCommandLine, shownPath, userFolder } from './commandLine.mjs';
import { exportHtml } from './run/runFolder.mjs';
import { Problem } from './setup/problem.mjs';
import { inProject, readJson, writeFileAtomic } from './setup/project.mjs';
import { cleanNotebook, compactText } from './share/cleanNotebook.mjs';

const options = [
  {
    flag: '--app',
    key: 'app',
    help: "share the run's classifier as a page that computes by itself",
  },
  {
    flag: '--model',
    value: 'NAME',
    key: 'model',
    help: "with --app: which of the run's models (default: the best in the test)",
  },
  {
    flag: '--with-pictures',
    key: 'withPictures',
    help: "keep the outputs that show the data set's own pictures",
  },
  { flag: '--out', value: 'DIR', key: 'out', help: 'where the files go (default: data/shared)' },
];
const usage = `npm run share -- RUN|NOTEBOOK [options]

Makes one HTML file that opens offline with live figures, and a clean .ipynb below 2 MB.
With --app: one HTML page with the trained model inside (RUN may also be a saved classifier's folder).
`;
const names = { least: 1, most: 1 };

await runCommandLine({ command: 'npm run share', usage, options, names }, async (parsed) => {
  const folder = parsed.out ? resolve(userFolder, parsed.out) : inProject('data', 'shared');
  const { app, model, withPictures } = parsed;
  if (model !== undefined && !app) {
    throw new Problem('--model names a model for --app, which is not given.', {
      remedy: `npm run share -- ${parsed.names[0]} --app --model ${model}`,
    });
  }
  const [name] = parsed.names;
  if (app) await shareClassifier(name, { model, folder });
  else await shareNotebook(name, { withPictures, folder });
});

async function shareNotebook(name, { withPictures, folder }) {
  const { path, title } = await findSource(name);
  const { notebook, notices } = cleanNotebook(readFileSync(path, 'utf8'), { path, withPictures });
  const compact = compactText(notebook);
  const target = join(folder, `${title}.ipynb`);
  const page = join(folder, `${title}.html`);
  writeFileAtomic(target, compact.text);
  // The page is made of all that is shown: it has no 2 MB to stay below.
  const whole = join(folder, `.${title}.${process.pid}.whole.ipynb`);
  writeFileAtomic(whole, JSON.stringify(notebook));
  try {
    await exportHtml(whole, page, title);
  } finally {
    rmSync(whole, { force: true });
  }
  for (const notice of [...notices, ...compact.notices]) process.stderr.write(`${notice}\n`);
  tell(target, compact.text);
  tell(page, readFileSync(page));
}

/** The notebook file that is meant, and what the shared files are called. */
async function findSource(name) {
  const { findNotebook } = fromLib('share/findFigures');
  const place = { from: userFolder, notebooksDirectory: inProject('notebooks') };
  const notebook = await findNotebook(name, place);
  if (notebook) return { path: notebook, title: basename(notebook, '.ipynb') };
  const { directory, record } = await fromLib('experiments/findRuns').findRun(name, {
    from: userFolder,
  });
  const path = join(directory, 'notebook.ipynb');
  if (existsSync(path)) return { path, title: record.id };
  throw new Problem(`The run ${record.id} has no notebook.ipynb: it was made inside Jupyter.`, {
    remedy: `Save the notebook in Jupyter and share that: npm run share -- ${record.notebook}`,
  });
}

async function shareClassifier(name, { model, folder }) {
  const { classifierPage } = fromLib('share/classifierPage');
  const { fileNameOf } = fromLib('report/fileNames');
  const found = await findClassifier(name, model);
  const html = await classifierPage(found.directory, {
    name: found.name,
    ...(found.trainedOn ? { trainedOn: found.trainedOn } : {}),
  });
  mkdirSync(folder, { recursive: true });
  const target = join(folder, `${fileNameOf(`${found.title} ${found.name}`)}.html`);
  writeFileAtomic(target, html);
  tell(target, html);
}

/** The saved classifier that is meant: a folder with model.json, or a model of a run. */
async function findClassifier(name, wanted) {
  const place = resolve(userFolder, name);
  if (existsSync(join(place, 'model.json'))) {
    if (wanted !== undefined) {
      throw new Problem(`${name} is one model already, so --model has no place beside it.`, {
        remedy: `Name the run for another one: npm run share -- RUN --app --model ${wanted}`,
      });
    }
    return { directory: place, name: basename(place), title: '', ...neighbour(place) };
  }
  const { directory, record } = await fromLib('experiments/findRuns').findRun(name, {
    from: userFolder,
  });
  const saved = savedModels(directory, record);
  if (saved.length === 0) {
    throw new Problem(`The run ${record.id} saved no model.`, {
      remedy: 'Choose another run: npm run compare lists them.',
    });
  }
  const chosen = wanted === undefined ? saved[0] : saved.find((each) => isCalled(each, wanted));
  if (!chosen) {
    throw new Problem(`The run ${record.id} has no saved model "${wanted}".`, {
      remedy: `It has: ${saved.map((each) => each.name).join(', ')}.`,
    });
  }
  return { ...chosen, title: record.id, trainedOn: trainedOn(record) };
}

/** The run's models that lie on disk, the best in the test first. */
function savedModels(directory, record) {
  const folder = join(directory, 'models');
  const folders = existsSync(folder) ? readdirSync(folder) : [];
  return folders
    .filter((each) => existsSync(join(folder, each, 'model.json')))
    .map((each) => {
      const model = record.models.find((known) => plain(known.name) === plain(each));
      return {
        directory: join(folder, each),
        folder: each,
        name: model?.name ?? each,
        accuracy: model?.test?.accuracy ?? -1,
      };
    })
    .sort((a, b) => b.accuracy - a.accuracy);
}

function isCalled({ name, folder }, wanted) {
  return [name, folder].some((each) => each.toLowerCase() === wanted.toLowerCase());
}

/** A model's folder is called like the model, less what a file system dislikes. */
function plain(name) {
  return name.replaceAll(/[^\p{L}\p{N}]+/gu, '');
}

/** A model's folder inside a run's: that run knows what it was trained on. */
function neighbour(place) {
  const record = readJson(join(place, '..', '..', 'run.json'));
  return record?.dataset?.name ? { trainedOn: trainedOn(record) } : {};
}

function trainedOn({ dataset }) {
  if (!dataset) return undefined;
  return dataset.source === 'generated' ? 'the generated sample (not CIFAR-10)' : dataset.name;
}

function tell(path, content) {
  const megabytes = (Buffer.byteLength(content) / 1e6).toFixed(2);
  process.stdout.write(`  ${shownPath(path)}  ${megabytes} MB\n`);
}
