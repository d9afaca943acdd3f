// The page in a real browser, offline, opened as a file, with files dropped onto it by the browser itself.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'puppeteer-core';
import sharp from 'sharp';
import { decodeImage } from '../../lib/data/image';
import type { Preprocess } from '../../lib/data/preprocess';
import { sourceSizeOf } from '../../lib/data/resize';
import { predictImage } from '../../lib/evaluation/predictImage';
import { type Classifier, saveClassifier } from '../../lib/models/classifier';
import { createCnn } from '../../lib/models/cnn';
import { createFastCnn } from '../../lib/models/fastCnn';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import { BrowserUnavailableError, closeBrowser, withBrowser } from '../../lib/report/browser';
import { classifierPage, saveClassifierPage } from '../../lib/share/classifierPage';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';

const folder = mkdtempSync(join(tmpdir(), 'classifier-page-'));
const pictures: Record<string, string> = {};

before(async () => {
  const rng = createRng(1, 'coarse picture');
  const values = Uint8ClampedArray.from({ length: 12 * 9 * 3 }, () => 128 + 70 * rng.nextNormal());
  const coarse = sharp(values, { raw: { width: 12, height: 9, channels: 3 } });
  const large = sharp(await coarse.resize(400, 300, { kernel: 'cubic' }).png().toBuffer());
  const files: Record<string, Buffer> = {
    'photo.jpg': await large.clone().jpeg({ quality: 90 }).toBuffer(),
    'turned.jpg': await large.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    'grey.png': await large.clone().greyscale().png().toBuffer(),
    'small.png': await large.clone().resize(32, 32).png().toBuffer(),
    'clear.png': await large.clone().resize(90, 60).ensureAlpha(0.4).png().toBuffer(),
    'no picture.jpg': Buffer.from('this is no picture'),
  };
  files['cut.jpg'] = files['photo.jpg'].subarray(0, files['photo.jpg'].length / 2);
  for (const [name, bytes] of Object.entries(files)) {
    pictures[name] = join(folder, name);
    writeFileSync(pictures[name], bytes);
  }
});

after(async () => {
  await closeBrowser();
  rmSync(folder, { recursive: true, force: true });
});

const scale: Pick<Preprocess, 'mean' | 'std'> = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] };

/** A classifier that is sure of what it says: untrained ones give all classes alike, whatever they see. */
function decided(model: tf.LayersModel, preprocess: Preprocess): Classifier {
  const last = model.layers[model.layers.length - 1];
  const [kernel, ...bias] = last.getWeights();
  const sharper = tf.mul(kernel, 30);
  last.setWeights([sharper, ...bias]);
  sharper.dispose();
  const classNames = Array.from({ length: kernel.shape[1] ?? 0 }, (_, label) => `class ${label}`);
  return { model, classNames, preprocess };
}

async function pageFile(classifier: Classifier, name: string): Promise<string> {
  const directory = join(folder, name);
  await saveClassifier(classifier, directory);
  const file = join(folder, `${name}.html`);
  writeFileSync(file, await classifierPage(directory, { name, trainedOn: 'a <b>test</b>' }));
  return file;
}

/** Opens the page without a network and hands it over, or skips the test where no browser runs. */
async function inBrowser(t: TestContext, file: string, use: (page: Page) => Promise<void>) {
  try {
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      try {
        const asked: string[] = [];
        page.on('request', (request) => asked.push(request.url()));
        page.on('pageerror', (error) => asked.push(String(error)));
        await page.setOfflineMode(true);
        await page.goto(pathToFileURL(file).href);
        await waitForStatus(page, 'Ready.');
        await use(page);
        const foreign = asked.filter((url) => !/^(blob:|data:|file:.*\.html$)/.test(url));
        assert.deepEqual(foreign, [], 'the page asks for nothing and has no error');
      } finally {
        await page.close();
      }
    });
  } catch (error) {
    if (!(error instanceof BrowserUnavailableError)) throw error;
    t.skip('no browser runs here');
  }
}

async function waitForStatus(page: Page, start: string): Promise<void> {
  await page.waitForFunction(
    `document.getElementById('status').textContent.startsWith(${JSON.stringify(start)})`,
    { timeout: 60_000 },
  );
}

/** What the browser does when a person lets go of a file above the page. */
async function drop(page: Page, file: string): Promise<void> {
  const client = await page.createCDPSession();
  const data = { items: [], files: [file], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await client.send('Input.dispatchDragEvent', { type, x: 200, y: 300, data });
  }
  await client.detach();
}

/** Probabilities by class, as the page shows them, and the pixels that the network got. */
function shown(page: Page): Promise<{ classes: [string, number][]; pixels: number[] }> {
  return page.evaluate(`(() => {
    const rows = [...document.querySelectorAll('#classes tr')];
    const canvas = document.getElementById('pixels');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return {
      classes: rows.map((row) => [
        row.querySelector('th').textContent,
        Number(row.querySelector('.value').dataset.probability),
      ]),
      pixels: [...data].filter((_, index) => index % 4 !== 3),
    };
  })()`) as Promise<{ classes: [string, number][]; pixels: number[] }>;
}

async function compareWithNotebook(page: Page, classifier: Classifier, file: string) {
  await drop(page, file);
  await waitForStatus(page, `${basename(file)}: `);
  const { classes, pixels } = await shown(page);
  const { data } = await decodeImage(file, sourceSizeOf(classifier.preprocess));
  const levels = Math.max(...pixels.map((value, index) => Math.abs(value - data[index])));
  assert.ok(levels <= 1, `${basename(file)}: pixels differ by ${levels} levels`);
  const { topK } = await predictImage(classifier, file, { k: classes.length });
  assert.equal(classes[0][0], topK[0].className);
  const probabilities = new Map(classes);
  for (const { className, probability } of topK) {
    const difference = Math.abs((probabilities.get(className) ?? NaN) - probability);
    assert.ok(difference < 1e-3, `${basename(file)}, ${className}: ${difference}`);
  }
  return topK[0].probability;
}

test('CNN: a dropped file gives the numbers of the notebook, whatever its format and size', async (t) => {
  const preprocess = { height: 32, width: 32, ...scale };
  const classifier = { ...decided(createCnn({ seed: 1 }), preprocess), temperature: 0.8 };
  const file = await pageFile(classifier, 'CNN');
  await inBrowser(t, file, async (page) => {
    for (const name of ['photo.jpg', 'turned.jpg', 'grey.png', 'small.png']) {
      const certainty = await compareWithNotebook(page, classifier, pictures[name]);
      assert.ok(certainty > 0.15, 'the classifier is not undecided');
    }
  });
  classifier.model.dispose();
});

test('MobileNetV2, which learnt from enlarged pictures: the same numbers', async (t) => {
  const model = createMobileNetV2({ alpha: 0.35, inputSize: 64, numClasses: 4, seed: 2 });
  const sourceSize = { height: 32, width: 32 };
  const classifier = decided(model, { height: 64, width: 64, sourceSize, ...scale });
  const file = await pageFile(classifier, 'MobileNetV2');
  await inBrowser(t, file, async (page) => {
    await compareWithNotebook(page, classifier, pictures['photo.jpg']);
  });
  classifier.model.dispose();
});

test("our own recipe's network, averaged over six views: the same numbers", async (t) => {
  const model = createFastCnn({ widths: [16, 32, 32], seed: 3 });
  const plain = decided(model, { height: 32, width: 32, ...scale });
  const classifier = { ...plain, views: 6 as const };
  const file = await pageFile(classifier, 'FastCnn');
  const probability = async (each: Classifier) =>
    (await predictImage(each, pictures['photo.jpg'])).topK[0].probability;
  const effect = Math.abs((await probability(plain)) - (await probability(classifier)));
  assert.ok(effect > 0.01, `the other views count: ${effect}`);
  await inBrowser(t, file, async (page) => {
    await compareWithNotebook(page, classifier, pictures['photo.jpg']);
    await compareWithNotebook(page, classifier, pictures['clear.png']);
  });
  classifier.model.dispose();
});

/** The part of puppeteer's handle that needs the DOM's types, which tests are compiled without. */
interface FileField {
  uploadFile(path: string): Promise<void>;
}

test('the page is used by keyboard and by ear, and a broken picture gets a message', async (t) => {
  const classifier = decided(createCnn({ seed: 1 }), { height: 32, width: 32, ...scale });
  const file = await pageFile(classifier, 'Keyboard');
  classifier.model.dispose();
  await inBrowser(t, file, async (page) => {
    assert.match(String(await page.$eval('header', (e) => e.textContent)), /a <b>test<\/b>/);
    // The first stop of the Tab key is the field, which opens the browser's own chooser.
    await page.bringToFront();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.type'), 'file');
    const field = (await page.$('input[type=file]')) as unknown as FileField;
    await field.uploadFile(pictures['small.png']);
    await waitForStatus(page, 'small.png: class ');
    const roles = await page.$$eval('#status, #problem', (all) => all.map((e) => e.role));
    assert.deepEqual(roles, ['status', 'alert']);
    const name = await page.$eval('#picture', (e) => e.getAttribute('alt'));
    assert.equal(name, 'Your picture, small.png');

    const problem = () =>
      page.$eval('#problem', (e) => (e.hasAttribute('hidden') ? '' : e.textContent));
    for (const [broken, message] of [
      ['no picture.jpg', /“no picture\.jpg” is not an image that this browser can read/],
      ['cut.jpg', /“cut\.jpg” is cut off/],
    ] as const) {
      await drop(page, pictures[broken]);
      await page.waitForSelector('#problem:not([hidden])');
      await page.waitForFunction(`!document.body.hasAttribute('aria-busy')`);
      assert.match(String(await problem()), message);
      assert.ok(await page.$eval('#result', (e) => e.hasAttribute('hidden')), 'no stale answer');
      // The next picture works again, and takes the message away.
      await drop(page, pictures['photo.jpg']);
      await waitForStatus(page, 'photo.jpg: ');
      assert.equal(await problem(), '');
    }
  });
});

test('on a phone the answer is in view after a drop, and no name breaks inside a word', async (t) => {
  const plain = decided(createCnn({ seed: 1 }), { height: 32, width: 32, ...scale });
  const longNames = ['automobile', 'Staubsaugerbeutel', 'golden retriever, grown up'];
  const classNames = plain.classNames.map((_, label) => longNames[label % 3]);
  const file = await pageFile({ ...plain, classNames }, 'Phone');
  plain.model.dispose();
  await inBrowser(t, file, async (page) => {
    await page.setViewport({ width: 390, height: 700 });
    await drop(page, pictures['photo.jpg']);
    await waitForStatus(page, 'photo.jpg: ');
    const seen = await page.evaluate(`(() => {
      const answer = document.getElementById('answer').getBoundingClientRect();
      const lines = (node, start, end) => {
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, end);
        return range.getClientRects().length;
      };
      const broken = [...document.querySelectorAll('#classes th')].flatMap((heading) => {
        const { firstChild: node, textContent: text } = heading;
        return [...text.matchAll(/\\S+/g)]
          .filter((word) => lines(node, word.index, word.index + word[0].length) > 1)
          .map(([word]) => word);
      });
      return {
        isInView: answer.top >= 0 && answer.bottom <= innerHeight,
        broken,
        width: document.documentElement.scrollWidth,
      };
    })()`);
    assert.deepEqual(seen, { isInView: true, broken: [], width: 390 });
  });
});

test('a page is saved as a file, in a folder that is made; its size is told in bytes', async () => {
  const directory = join(folder, 'Saved');
  const classifier = decided(createCnn({ seed: 1 }), { height: 32, width: 32, ...scale });
  await saveClassifier(classifier, directory);
  classifier.model.dispose();
  const options = { name: 'Katze → Hündin', trainedOn: 'a test' };
  const file = join(folder, 'new', 'pages', 'page.html');
  const { sizeBytes } = await saveClassifierPage(directory, file, options);
  assert.equal(readFileSync(file, 'utf8'), await classifierPage(directory, options));
  assert.equal(sizeBytes, statSync(file).size);
});

test('of a folder without a classifier no page is saved', async () => {
  const file = join(folder, 'none.html');
  await assert.rejects(saveClassifierPage(join(folder, 'none'), file));
  assert.equal(existsSync(file), false);
});
