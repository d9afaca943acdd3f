// The page: a picture comes in by drop, choice or paste; classes with probabilities come out.
import { coverResize, type Pixels, sourceSizeOf } from '../../data/resize';
import { createClassifier } from './classifier';
import { PictureError, readPicture } from './picture';
import type { SharedModel } from '../sharedModel';

/** Classes that are shown; with 1000 of them the rest would only be noise. */
const SHOWN_CLASSES = 10;

const shared = JSON.parse(textOf('model')) as SharedModel;
const input = element<HTMLInputElement>('file');
const status = element('status');
const problem = element('problem');
const result = element('result');

const classifier = createClassifier(shared, bytesOf(textOf('weights')));
classifier.then(
  ({ backend }) => {
    document.documentElement.dataset.backend = backend;
    say('Ready.');
  },
  () => fail('This browser cannot run the network. A current Chrome, Edge, Firefox or Safari can.'),
);

/** The newest picture wins, however long an earlier one takes. */
let latest = 0;

async function show(files: readonly File[]): Promise<void> {
  if (files.length === 0) return;
  const turn = ++latest;
  const [file] = files;
  problem.hidden = true;
  say(`Looking at ${file.name} …`);
  document.body.setAttribute('aria-busy', 'true');
  try {
    const model = await classifier;
    const picture = coverResize(await readPicture(file), sourceSizeOf(shared.preprocess));
    await painted(); // computing blocks the page: first let it say so
    const probabilities = await model.predict(picture.data);
    if (turn === latest) present(file, picture, probabilities);
  } catch (error) {
    if (turn !== latest) return;
    const isOurs = error instanceof PictureError;
    fail(isOurs ? error.message : `“${file.name}” could not be computed: ${String(error)}`);
  } finally {
    if (turn === latest) document.body.removeAttribute('aria-busy');
  }
}

function present(file: File, picture: Pixels, probabilities: Float32Array): void {
  const ranked = [...probabilities]
    .map((probability, label) => ({ name: shared.classNames[label], probability, label }))
    .sort((a, b) => b.probability - a.probability || a.label - b.label);
  const [first, second] = ranked;
  const image = element<HTMLImageElement>('picture');
  URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(file);
  image.alt = `Your picture, ${file.name}`;
  drawPixels(picture);
  element('answer').textContent = first.name;
  element('certainty').textContent = percent(first.probability);
  element('classes').replaceChildren(...ranked.slice(0, SHOWN_CLASSES).map(classRow));
  result.hidden = false;
  const runnerUp =
    second === undefined ? '' : `, then ${second.name}, ${percent(second.probability)}`;
  say(`${file.name}: ${first.name}, ${percent(first.probability)}${runnerUp}.`);
  // On a phone the answer stands below the field: it comes into view, as far as it is not there yet.
  element('classes').closest('div')?.scrollIntoView({ block: 'nearest' });
}

function classRow({ name, probability }: { name: string; probability: number }): HTMLElement {
  const row = document.createElement('tr');
  const heading = document.createElement('th');
  heading.scope = 'row';
  heading.textContent = name;
  const track = document.createElement('td');
  track.className = 'track';
  track.setAttribute('aria-hidden', 'true');
  const bar = document.createElement('div');
  bar.style.width = `${100 * probability}%`;
  track.append(bar);
  const value = document.createElement('td');
  value.className = 'value';
  value.textContent = percent(probability);
  value.dataset.probability = String(probability);
  row.append(heading, track, value);
  return row;
}

/** What the network gets, pixel by pixel. */
function drawPixels({ data, height, width }: Pixels): void {
  const canvas = element<HTMLCanvasElement>('pixels');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    image.data.set([...data.subarray(pixel * 3, pixel * 3 + 3), 255], pixel * 4);
  }
  context?.putImageData(image, 0, 0);
  canvas.classList.toggle('coarse', width < 100);
}

function fail(message: string): void {
  result.hidden = true;
  problem.hidden = false;
  problem.textContent = message;
  document.body.removeAttribute('aria-busy');
  say('');
}

function say(text: string): void {
  status.textContent = text;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element "${id}".`);
  return found as T;
}

function textOf(id: string): string {
  return element(id).textContent ?? '';
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64.trim());
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

input.addEventListener('change', () => {
  void show([...(input.files ?? [])]);
  input.value = ''; // the same file again is a choice, too
});
// The whole page takes a drop: a picture beside the field must not replace the page.
for (const name of ['dragenter', 'dragover'] as const) {
  addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.add('dragging');
  });
}
addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) document.body.classList.remove('dragging');
});
addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length === 0) {
    latest++;
    fail('That was no file. Save the picture first, then drop the file here.');
  }
  void show(files);
});
addEventListener('paste', (event) => void show([...(event.clipboardData?.files ?? [])]));
