// A notebook that trains one small network slowly enough to be killed in the middle.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A network with dropout, on 96 dark and light pictures of noise: 12 steps an epoch, each with a pause to be killed in. */
const cells = [
  [
    ['parameters'],
    'const p = ml.parameters({\n  epochs: 4,\n  learningRate: 0.001,\n  batchSize: 8,\n  seed: 3,\n});',
  ],
  [
    [],
    `const createPictures = (size: number, step: number) => ml.createDataset({
  name: 'noise', source: 'generated', classNames: ['dark', 'light'], height: 16, width: 16,
  labels: Int32Array.from({ length: size }, (_, index) => (index * step) % 2),
  images: Uint8Array.from({ length: size * 768 }, (_, index) => 60 * ((Math.floor(index / 768) * step) % 2) + (index * step) % 190),
});
const run = ml.startRun('tiny', p);
const [trainSet, valSet] = [createPictures(96, 7919), createPictures(32, 6151)];
run.useData({ name: 'noise', source: 'generated', trainSet: trainSet, valSet: valSet, testSet: valSet });
const cnn = await run.train('CNN', p, {
  model: ml.createCnn,
  onStep: () => new Promise((resolve) => setTimeout(resolve, 100)),
});
await run.complete();`,
  ],
] as const;

/** Writes tiny.ipynb into a folder. */
export function writeTinyNotebook(folder: string): void {
  const sources = [[[], "import * as ml from '../lib';"] as const, ...cells];
  const notebook = {
    cells: sources.map(([tags, source], index) => {
      const common = { cell_type: 'code', execution_count: null, outputs: [] };
      return { ...common, id: `c${index}`, metadata: { tags }, source };
    }),
    metadata: { kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  writeFileSync(join(folder, 'tiny.ipynb'), JSON.stringify(notebook));
}
