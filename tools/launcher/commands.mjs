// The commands of package.json: what each can be given, and the program that does it once set-up is complete.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseNotebookCells } from '../notebookCells.mjs';
import { numberOption, oneOf } from './options.mjs';
import { notebooksFolder } from './setup/project.mjs';

const count = (example) => numberOption({ whole: true, above: 0, example });
const countOrNone = (example) => numberOption({ whole: true, above: -1, example });
const seed = numberOption({ whole: true, example: 42 });

/** @returns {import('./options.mjs').Option} `form`: the flag and, for the help, the value behind it */
function option(form, key, help, more = {}) {
  const [flag, value] = form.split(' ');
  return { flag, ...(value ? { value } : {}), key, help, ...more };
}

const offline = option('--offline', 'offline', 'touch no network, neither for set-up nor for data');
const device = option(
  '--device cpu|gpu',
  'device',
  'where to compute (default: gpu where an NVIDIA card is seen; gpu is untested)',
  { parse: oneOf('cpu', 'gpu') },
);
const data = option(
  '--data PATH',
  'data',
  'folder with the data set, or its archive (default: cache, download, generated sample)',
);
const engine = option('--engine local|slurm', 'engine', 'what runs them (default: local)', {
  parse: oneOf('local', 'slurm'),
});
const out = (help) => option('--out DIR', 'out', help);

/** The names in the parameters cells of all notebooks: for a suggestion, before anything is set up that reads them well. */
function notebookParameters() {
  const files = readdirSync(notebooksFolder).filter((file) => file.endsWith('.ipynb'));
  const cells = files.flatMap((file) => {
    try {
      return parseNotebookCells(readFileSync(join(notebooksFolder, file), 'utf8'), file);
    } catch {
      return []; // its own error comes when it is to run
    }
  });
  const sources = cells.filter(({ tags }) => tags.includes('parameters'));
  return [...new Set(sources.flatMap(({ source }) => source.match(/^ +\w+(?=:)/gm) ?? []))].map(
    (name) => name.trim(),
  );
}

/** @type {Record<string, import('./options.mjs').Command & { program?: string }>} */
export const commands = {
  setup: {
    command: 'npm run setup',
    usage: 'npm run setup -- [options]\n\nSets up what is missing, and nothing else.\n',
    options: [
      offline,
      device,
      option(
        '--register-kernel',
        'registerKernel',
        'also register the kernel for your user account, for VS Code and your own Jupyter',
      ),
      option(
        '--into DIR',
        'into',
        "make this clone's TensorFlow available to another project, which has installed the package that npm pack ./dist/lib makes",
      ),
    ],
  },
  start: {
    command: 'npm start',
    usage: 'npm start -- [options]\n\nSets up what is missing, then runs the notebooks.\n',
    options: [
      option(
        '--notebook NAME',
        'notebooks',
        'run this notebook of notebooks/ (default: all of them)',
        { many: true },
      ),
      data,
      option(
        '--weights PATH',
        'weights',
        "Keras' MobileNetV2 weights: an .h5 file or a folder of them (default: cache, download, embedded)",
      ),
      option(
        '--full',
        'full',
        'the whole recipe: all images, all epochs (default: quick, within minutes)',
      ),
      offline,
      option(
        '--set NAME=VALUE',
        'assignments',
        "another value for one of the notebook's parameters",
        { many: true },
      ),
      option('--seed N', 'seed', 'seed of every random choice; the same as --set seed=N', {
        parse: seed,
      }),
      option(
        '--again RUN',
        'again',
        'repeat a complete run from its record; first lists what has changed since',
      ),
      option(
        '--resume RUN',
        'resume',
        'finish a run that was interrupted or killed, or that failed, from its checkpoints',
      ),
      out("the folder in which the run's own folder is made (default: data/runs)"),
      device,
    ],
    settable: notebookParameters,
    program: 'dist/tools/commands/start.js',
  },
  lab: {
    command: 'npm run lab',
    usage: `npm run lab -- [options]

Sets up what is missing, then opens JupyterLab on working copies of the notebooks, in work/.
What you save there stays out of git, and a copy that you changed is kept; rename or delete it for a new one.
All other options are JupyterLab's own: --no-browser, --port 8889, …
`,
    options: [
      data,
      option(
        '--original',
        'original',
        'open notebooks/ itself: what you save there changes the committed files',
      ),
    ],
    passesOn: 'JupyterLab',
  },
  predict: {
    command: 'npm run predict',
    usage: `npm run predict -- PICTURE… [options]

Says what is in pictures (jpg, png, webp, avif, gif, tiff): the class, its probability, and the five likeliest.
A folder means all pictures in it and its subfolders; its predictions are printed as CSV.
`,
    names: { what: 'pictures', least: 1, example: 'npm run predict -- picture.jpg' },
    options: [
      option(
        '--model PLACE',
        'model',
        "a run (its folder or id: the best model of it), a model's folder, or an .onnx file of npm run export (default: the best of the latest run)",
      ),
      option('--csv', 'csv', 'CSV for single pictures too'),
      option('--json', 'json', 'JSON lines: one object per picture'),
      option(
        '--out FILE',
        'out',
        'write the predictions to a file; for a folder, each as it is made',
      ),
      option(
        '--shard I/N',
        'shard',
        'with --out: part I, from 0, of N; N alone in an array job, which sets I itself',
      ),
      option('--merge', 'merge', 'with --out: join the parts of all shards'),
      option(
        '--at-least P',
        'atLeast',
        'above 0, up to 1: what is less probable is marked "not sure" (CSV and JSON: sure, true or false)',
        { parse: numberOption({ above: 0, most: 1, example: 0.8 }) },
      ),
      option(
        '--explain',
        'explain',
        'a PNG for each picture that shows what supports its class (Grad-CAM); written beside the picture, or with --out beside that file',
      ),
    ],
    program: 'dist/tools/commands/predict.js',
  },
  evaluate: {
    command: 'npm run evaluate',
    usage: `npm run evaluate -- RUN|MODEL --data FOLDER [options]

Tests a saved model with new labelled pictures: accuracy with its interval, confusion matrix, classes, calibration, worst mistakes.
The result is a run of its own; RUN is an id in data/runs (or the beginning of one), "latest", or a folder.
`,
    names: {
      what: 'run or model',
      least: 1,
      most: 1,
      example: 'npm run evaluate -- latest --data pictures',
    },
    options: [
      option(
        '--data FOLDER',
        'data',
        "class folders with the names of the model's classes; with train/ and test/ folders, and for CIFAR-10, only the test pictures are used",
      ),
      option('--model NAME', 'model', "which of the run's models (default: the best in the test)"),
      option(
        '--limit N',
        'limit',
        'at most N pictures, the same share of every class (default: all)',
        {
          parse: count(1000),
        },
      ),
      out("the folder in which the evaluation's own folder is made (default: data/runs)"),
    ],
    program: 'dist/tools/commands/evaluate.js',
  },
  sweep: {
    command: 'npm run sweep',
    usage: `npm run sweep -- PLAN|FOLDER [options]

Runs a notebook with every setting and seed of a plan (YAML or JSON, docs/cluster.md), here or on Slurm, into a folder;
given the folder again, runs what is left.
`,
    names: {
      what: "plan or sweep's folder",
      least: 1,
      most: 1,
      example: 'npm run sweep -- plan.yaml',
    },
    options: [
      engine,
      option(
        '--jobs N',
        'jobs',
        'rows at a time (default: what processors and memory hold; Slurm: what it allows)',
        { parse: count(4) },
      ),
      option(
        '--row I',
        'row',
        'this row alone, from 0 (default: SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, where set)',
        { parse: countOrNone(0) },
      ),
      option('--status', 'status', 'how far each row is; nothing is run'),
      option('--cancel', 'cancel', "stop the sweep's jobs of Slurm, and its rows on this machine"),
      option('--retry', 'retry', 'repeat the failed rows too'),
      option('--dry-run', 'dryRun', "print the rows, or Slurm's script; nothing is run"),
      offline,
      out("the sweep's folder (default: data/sweeps/<the plan's name>)"),
    ],
    program: 'dist/tools/commands/sweep.js',
  },
  search: {
    command: 'npm run search',
    usage: `npm run search -- PLAN|FOLDER [options]

Searches the ranges of a plan (YAML or JSON, docs/cluster.md) with Optuna, which is installed on first use: each trial is a run
that is compared by its validation metric; given the folder again, runs what is left.
`,
    names: {
      what: "plan or search's folder",
      least: 1,
      most: 1,
      example: 'npm run search -- plan.yaml',
    },
    options: [
      engine,
      option(
        '--workers N',
        'jobs',
        'trials at a time (default: what processors and memory hold; Slurm: 8)',
        { parse: count(4) },
      ),
      option('--status', 'status', 'how far each trial is, and the best so far; nothing is run'),
      option('--dry-run', 'dryRun', "check the plan, or print Slurm's script; nothing is run"),
      offline,
      out("the search's folder (default: data/sweeps/<the plan's name>)"),
    ],
    program: 'dist/tools/commands/sweep.js',
  },
  compare: {
    command: 'npm run compare',
    usage: `npm run compare -- [RUN…] [options]

Compares runs: what differed, accuracies, seconds; several seeds of one setting become mean ± std.
A run is an id in data/runs (or the beginning of one), "latest", or a folder, also a sweep's; none: all of data/runs.
`,
    names: { what: 'runs', example: 'npm run compare -- latest' },
    options: [
      out('where runs.csv, settings.csv and comparison.html go (default: data/comparison)'),
    ],
    program: 'dist/tools/commands/compare.js',
  },
  tensorboard: {
    command: 'npm run tensorboard',
    usage: `npm run tensorboard -- [RUN…] [options]

Writes loss, metrics and learning rate of complete runs, by epoch, as event files, and serves them in TensorBoard, which is
installed on first use. Runs are named as for npm run compare; none: all of data/runs.
`,
    names: { what: 'runs', example: 'npm run tensorboard -- latest' },
    options: [
      option('--port N', 'port', 'of the address that it prints (default: 6006)', {
        parse: count(6006),
      }),
      option('--write-only', 'writeOnly', 'write the event files; TensorBoard is not needed'),
      out('where the event files go, <run>/<model>/train and val (default: data/tensorboard)'),
    ],
    program: 'dist/tools/commands/tensorboard.js',
  },
  export: {
    command: 'npm run export',
    usage: `npm run export -- RUN|NOTEBOOK [options]

Writes every figure as an interactive offline page, an SVG, a PNG and a CSV table of its data.
With --format onnx: a run's trained models as ONNX files (RUN may also be a saved classifier's folder);
onnx-int8: the same in int8, with its accuracy on the run's validation pictures.
`,
    names: { what: 'run or notebook', least: 1, most: 1, example: 'npm run export -- latest' },
    options: [
      option(
        '--format LIST',
        'format',
        'any of html, svg, png, csv, json, onnx, onnx-int8, with commas (default: html,svg,png,csv)',
      ),
      option(
        '--model NAME',
        'model',
        "with onnx: which of the run's models (default: all of them)",
      ),
      option(
        '--data PATH',
        'data',
        "with onnx-int8: the run's pictures (default: where the run, CIFAR10_DIR or the cache has them)",
      ),
      option(
        '--scale N',
        'scale',
        'of the PNG: pixels per CSS pixel; 3 is 360 dpi and 2400 pixels wide (default: 3)',
        { parse: numberOption({ above: 0, most: 10, example: 3 }) },
      ),
      out(
        "where the files go (default: the run's figures/, or data/exports/<notebook>; onnx: the model's folder)",
      ),
    ],
    program: 'dist/tools/commands/export.js',
  },
  share: {
    command: 'npm run share',
    usage: `npm run share -- RUN|NOTEBOOK [options]

Makes one HTML file that opens offline with live figures, and a clean .ipynb below 2 MB.
With --app: one HTML page with the trained model inside (RUN may also be a saved classifier's folder).
`,
    names: { what: 'run or notebook', least: 1, most: 1, example: 'npm run share -- latest' },
    options: [
      option('--app', 'app', "share the run's classifier as a self-contained offline page"),
      option(
        '--model NAME',
        'model',
        "with --app: which of the run's models (default: the best in the test)",
      ),
      option(
        '--with-pictures',
        'withPictures',
        "keep the outputs that show the data set's own pictures",
      ),
      out('where the files go (default: data/shared)'),
    ],
    program: 'dist/tools/commands/share.js',
  },
  bench: {
    command: 'npm run bench',
    usage: `npm run bench -- [options]

Measures this project beside Keras, PyTorch and ONNX Runtime, which it sets up in tools/bench/.venv.
`,
    options: [
      option('--job NAME', 'jobs', 'measure this job only (default: all but accuracy and onnx)', {
        many: true,
      }),
      option('--rounds N', 'rounds', 'rounds of each case (default 7; with --quick 2)', {
        parse: count(7),
      }),
      option('--seconds S', 'secondsPerRound', 'length of a round (default 2; with --quick 0.5)', {
        parse: numberOption({ above: 0, example: 2 }),
      }),
      option('--quick', 'quick', 'a rough look in minutes; tools/bench/results.md stays as it was'),
      option(
        '--seeds N',
        'seeds',
        'accuracy: trainings of the fast and the standard recipe (default 5; with --quick 1)',
        { parse: countOrNone(5) },
      ),
      option(
        '--keras-seeds N',
        'kerasSeeds',
        'accuracy: trainings in Keras (default 3; with --quick 1)',
        { parse: countOrNone(3) },
      ),
      option('--long', 'long', 'accuracy: the long recipe too, once'),
      option(
        '--curve',
        'curve',
        'accuracy: the standard and the long recipe in fewer and more epochs',
      ),
      option('--only NAME', 'only', 'accuracy: keras, fast, standard or long alone', {
        many: true,
        parse: oneOf('keras', 'fast', 'standard', 'long'),
      }),
      option('--epochs N', 'epochs', 'accuracy: a shortened race, not saved', { parse: count(2) }),
      option('--pictures N', 'pictures', 'accuracy: a race with fewer pictures, not saved', {
        parse: count(5000),
      }),
      option('--list', 'list', "the jobs' names"),
    ],
    program: 'tools/bench/main.ts',
  },
  'train-backbone': {
    command: 'npm run train-backbone',
    usage: `npm run train-backbone -- [options]

Draws pictures of 47 things that CIFAR-10 does not name, trains MobileNetV2 (alpha .35) on them, and writes its weights
without the top, with a record beside them. Stopped or killed, the same command continues from its last checkpoint.
`,
    options: [
      option(
        '--pictures N',
        'pictures',
        'training pictures to draw, 3 kB of memory each (default: 50000)',
        { parse: count(50000) },
      ),
      option('--epochs N', 'epochs', 'passes over the pictures (default: 8)', { parse: count(8) }),
      option(
        '--input-size N',
        'inputSize',
        'height and width in the network, 32 to 224 pixels (default: 96)',
        { parse: count(96) },
      ),
      option('--batch-size N', 'batchSize', 'pictures in a step (default: 64)', {
        parse: count(64),
      }),
      option('--seed N', 'seed', 'seed of every random choice (default: 42)', { parse: seed }),
      option(
        '--out FILE',
        'out',
        'the weights (default: data/embedded/mobilenet_v2_0.35_no_top.h5)',
      ),
    ],
    program: 'tools/backbone/main.ts',
  },
};
