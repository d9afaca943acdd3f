// npm run export: the figures of a run or a notebook as files, and a run's models as ONNX.
import { basename, join } from 'node:path';
import { sourceSizeOf } from '../../lib/data/resize';
import { describeInt8Loss, exportInt8 } from '../../lib/evaluation/exportInt8';
import { loadClassifier } from '../../lib/models/classifier';
import { exportOnnx } from '../../lib/onnx/exportOnnx';
import { closeBrowser } from '../../lib/report/browser';
import { type FigureFormat, figureFormats, saveFigure } from '../../lib/report/export';
import { findModels } from '../../lib/runs/findModel';
import { reloadRunData } from '../../lib/runs/runData';
import { loadRun, recordInt8 } from '../../lib/runs/runFolder';
import { findFigures } from '../../lib/share/findFigures';
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
} from './program';
import { launchedData } from './run/earlierRun';

interface Options {
  readonly names: readonly string[];
  readonly format?: string;
  readonly model?: string;
  readonly data?: string;
  readonly scale?: number;
  readonly out?: string;
}

/** What `--format` knows besides the formats of figures. */
const MODEL_FORMATS = ['onnx', 'onnx-int8'] as const;
type ModelFormat = (typeof MODEL_FORMATS)[number];

void runProgram<Options>(async (options) => {
  const [name] = options.names;
  const formats = parseFormats(options.format ?? 'html,svg,png,csv');
  const isModelFormat = (format: string): format is ModelFormat =>
    MODEL_FORMATS.some((each) => each === format);
  const ofModels = formats.filter(isModelFormat);
  const ofFigures = formats.filter((each): each is FigureFormat => !isModelFormat(each));
  if (options.model !== undefined && ofModels.length === 0) {
    throw new Problem('--model names a model for --format onnx, which is not given.', {
      remedy: `npm run export -- ${name} --format onnx --model ${options.model}`,
    });
  }
  let failed = 0;
  for (const format of ofModels) failed += await exportModels(name, format, options);
  if (ofFigures.length > 0) await exportFigures(name, ofFigures, options);
  return failed > 0 ? 1 : 0;
});

/** @returns how many models could not be written; a line of the standard error says why. */
async function exportModels(
  name: string,
  format: ModelFormat,
  { model, data, out }: Options,
): Promise<number> {
  let failed = 0;
  let pictures: ReturnType<typeof reloadRunData> | undefined;
  for (const found of await findModels(name, { from: userFolder, ...(model ? { model } : {}) })) {
    const folder = out === undefined ? found.directory : fromHere(out);
    const path = join(folder, basename(found.directory));
    const classifier = await loadClassifier(found.directory);
    const { runId } = found;
    const origin = { name: found.name, ...(runId === null ? {} : { runId }) };
    try {
      if (format === 'onnx') {
        const { sizeBytes } = await exportOnnx(classifier, `${path}.onnx`, origin);
        printFile(`${path}.onnx`, sizeBytes);
      } else {
        const run = join(found.directory, '..', '..');
        const source = data === undefined ? launchedData(run) : fromHere(data);
        const { height: size } = sourceSizeOf(classifier.preprocess);
        pictures ??= loadRun(run).then((record) => reloadRunData(record, { source, size }));
        const file = `${path}-int8.onnx`;
        const { sizeBytes, valAccuracy } = await exportInt8(classifier, file, {
          ...{ ...origin, ...(await pictures) },
        });
        const { int8, float32, pictures: n } = valAccuracy;
        const accuracies = `${int8.toFixed(4)}, float32 ${float32.toFixed(4)} (n = ${n})`;
        printFile(file, sizeBytes, `  validation accuracy ${accuracies}`);
        const loss = describeInt8Loss(found.name, valAccuracy);
        if (loss !== undefined) tell(loss);
        await recordInt8(run, basename(found.directory), valAccuracy);
      }
    } catch (error) {
      failed++;
      tell(`${found.name} was not exported. ${(error as Error).message}`);
    } finally {
      classifier.model.dispose();
    }
  }
  return failed;
}

async function exportFigures(
  name: string,
  formats: readonly FigureFormat[],
  { scale = 3, out }: Options,
): Promise<void> {
  const place = { from: userFolder, notebooksDirectory: inProject('notebooks') };
  const found = await findFigures(name, place);
  tellOfWorkingCopy(found.notebook);
  for (const { name: file, reason } of found.skipped) {
    tell(`Skipped ${file}: ${reason}`);
  }
  if (found.figures.length === 0) {
    throw new Problem(`There are no figures in ${name}.`, {
      remedy: 'A notebook has figures once it was run: npm start, then npm run export -- latest.',
    });
  }
  const directory =
    out === undefined
      ? (found.directory ?? inProject('data', 'exports', found.name))
      : fromHere(out);
  const written: string[] = [];
  for (const { name: figureName, figure } of found.figures) {
    for (const file of await saveFigure(figure, { directory, name: figureName, formats, scale })) {
      process.stdout.write(`  ${shownPath(file)}\n`);
      written.push(file);
    }
  }
  process.stdout.write(`${found.figures.length} figures, ${written.length} files.\n`);
  await closeBrowser();
  const missing = formats.filter((each) => !written.some((file) => file.endsWith(`.${each}`)));
  if (missing.length > 0) {
    throw new Problem(`No figure could be written as ${missing.join(', ')}.`, {
      remedy: 'The notice above says why; the other formats are written.',
    });
  }
}

function parseFormats(list: string): (FigureFormat | ModelFormat)[] {
  const known = [...figureFormats, ...MODEL_FORMATS];
  return list.split(',').map((text) => {
    const format = known.find((each) => each === text.trim());
    if (format !== undefined) return format;
    throw new Problem(`--format knows ${known.join(', ')}; received "${text.trim()}".`, {
      remedy: 'For example: --format svg,png',
    });
  });
}
