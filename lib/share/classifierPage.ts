/**
 * A trained classifier as one HTML page that opens offline and computes in the browser.
 *
 * The page's own source is in `app/` beside this file; esbuild puts it together with stock tfjs into one script. A picture goes
 * the same way as in the notebook: decoded in its own size, `coverResize`, scaled, predicted.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { sourceSizeOf } from '../data/resize';
import { createPredictor } from '../evaluation/predictor';
import { loadClassifier, type Classifier } from '../models/classifier';
import { readModelJson } from '../models/modelJson';
import { checkOptions, text } from '../options';
import { projectRoot } from '../project';
import { scriptJson } from '../report/figurePage';
import { escapeText } from '../report/theme';
import { probePixels, type SharedModel } from './sharedModel';

export interface ClassifierPageOptions {
  /** What the model is called on the page. Default: "network". */
  readonly name?: string;
  /** The data set it was trained on, in words. Default: not said. */
  readonly trainedOn?: string;
}

/**
 * The page for a saved classifier: its weights (a third larger than `weights.bin`), tfjs (1.2 MB) and nothing to load.
 *
 * @param directory what `saveClassifier` wrote.
 * @returns HTML.
 * @throws Error where the folder holds no whole classifier.
 */
export async function classifierPage(
  directory: string,
  options: ClassifierPageOptions = {},
): Promise<string> {
  checkOptions('classifierPage', options, { name: text, trainedOn: text });
  const { name = 'network', trainedOn = '' } = options;
  const { modelTopology, weightsManifest } = await readModelJson(join(directory, 'model.json'));
  const classifier = await loadClassifier(directory);
  const shared: SharedModel = {
    name,
    trainedOn,
    classNames: classifier.classNames,
    preprocess: classifier.preprocess,
    views: classifier.views,
    temperature: classifier.temperature,
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    probeProbabilities: probe(classifier),
  };
  classifier.model.dispose();
  const weights = await readFile(join(directory, weightsManifest[0].paths[0]));
  const parts = {
    weights: weights.toString('base64'),
    script: await pageScript(),
    style: await readFile(source('page.css'), 'utf8'),
  };
  return pageHtml(shared, parts);
}

/**
 * Writes a page with the classifier inside (`classifierPage`) to a file.
 *
 * @param file HTML; its folder is made where it is missing.
 */
export async function saveClassifierPage(
  directory: string,
  file: string,
  options: ClassifierPageOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  const html = await classifierPage(directory, options);
  await writeFileAtomic(file, html);
  return { sizeBytes: Buffer.byteLength(html) };
}

/** This machine's TensorFlow output for the test image against which each page checks itself. */
function probe({ model, ...options }: Classifier): number[] {
  const size = sourceSizeOf(options.preprocess);
  const predictor = createPredictor(model, { ...options, ...size });
  try {
    const probabilities = predictor.run(probePixels(size), 1);
    return Array.from(probabilities, (value) => Number(value.toPrecision(7)));
  } finally {
    predictor.dispose();
  }
}

let script: Promise<string> | undefined;

/** `app/main.ts` and stock tfjs as one script, minified once; it cannot end the element it is in. */
function pageScript(): Promise<string> {
  script ??= bundleScript().catch((error: unknown) => {
    script = undefined; // the next page tries again
    throw error;
  });
  return script;
}

async function bundleScript(): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [source('main.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'eof',
    logLevel: 'silent',
  });
  return outputFiles[0].text.replace(/<\/script/gi, '<\\/script').replace(/<!--/g, '<\\!--');
}

function source(file: string): string {
  return join(projectRoot(), 'lib/share/app', file);
}

interface PageParts {
  readonly weights: string;
  readonly script: string;
  readonly style: string;
}

function pageHtml(shared: SharedModel, { weights, script, style }: PageParts): string {
  const { name, trainedOn, classNames } = shared;
  const { height, width } = sourceSizeOf(shared.preprocess);
  const title = `What is in the picture? – ${name}`;
  const origin = trainedOn === '' ? '' : `, trained on ${trainedOn}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeText(title)}</title>
<style>
${style}</style>
</head>
<body>
<header>
<h1>What is in the picture?</h1>
<p>${escapeText(`${name}${origin}`)}. It knows ${classNames.length} classes.</p>
</header>
<main>
<label class="drop"><strong>Choose a picture</strong>
<span id="hint">or drop one anywhere on this page, or paste one</span>
<input id="file" type="file" accept="image/*" aria-describedby="hint"></label>
<p id="status" role="status">Loading the network …</p>
<p id="problem" role="alert" hidden></p>
<section id="result" aria-label="Result" hidden>
<div>
<figure><img id="picture" alt=""><figcaption>Your picture</figcaption></figure>
<figure><canvas id="pixels" role="img" aria-label="What the network sees"></canvas>
<figcaption>What the network sees: its middle, ${width} × ${height} pixels</figcaption></figure>
</div>
<div>
<h2><span id="answer"></span> <span id="certainty"></span></h2>
<table><caption>Probabilities of the classes, likeliest first</caption><tbody id="classes"></tbody></table>
</div>
</section>
</main>
<footer>
<details><summary>The classes it knows</summary><p>${escapeText(classNames.join(', '))}</p></details>
<p>Everything is computed in this page, which loads nothing and sends nothing: your pictures stay with you.
A network always names one of its classes, also where none of them is in the picture.</p>
<noscript><p>JavaScript is switched off here, and the network needs it.</p></noscript>
</footer>
<script type="application/json" id="model">${scriptJson(shared)}</script>
<script type="text/plain" id="weights">${weights}</script>
<script>${script}</script>
</body>
</html>
`;
}

const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src blob: data:',
].join('; ');
