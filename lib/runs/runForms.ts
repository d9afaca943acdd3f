// The forms in which a finished model leaves a run, measured side by side.
import { mkdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { type ImageDataset, shrinkPictures } from '../data/dataset';
import { createEnginePredictor } from '../evaluation/engine';
import { describeInt8Loss, exportInt8 } from '../evaluation/exportInt8';
import { likeliestClasses } from '../evaluation/labels';
import { timePredictor } from '../evaluation/latency';
import { loadPredictor } from '../evaluation/loadPredictor';
import { predictWith } from '../evaluation/predict';
import { predictionBatch, type Predictor } from '../evaluation/predictor';
import { exportOnnx } from '../onnx/exportOnnx';
import { createTable, type DataTable } from '../report/tables';
import { createProgressReporter } from './progress';
import type { RunState } from './runTraining';
import type { TrainedModel } from './trainedModel';

interface Form {
  readonly name: string;
  readonly bytes: number;
  open(): Promise<Predictor>;
}

/** What `run.compareForms` does. */
export async function compareFormsInRun(
  { recorder, data }: RunState,
  model: TrainedModel,
): Promise<DataTable> {
  const { show, onNotice } = createProgressReporter(recorder); // its line belongs below this cell
  const { name, maxSize, sizeBytes } = model;
  const shrink = (set: ImageDataset) =>
    maxSize === undefined ? set : shrinkPictures(set, maxSize);
  const testSet = shrink(data.testSet);
  const { height, width } = testSet;
  const numOutputs = testSet.classNames.length;
  const batchSize = predictionBatch(model.classifier);
  const tensorflow: Form = {
    name: 'TensorFlow',
    bytes: sizeBytes,
    open: () =>
      Promise.resolve(
        createEnginePredictor(model.classifier, { engine: 'tensorflow', height, width }),
      ),
  };
  show(`exporting ${name}`);
  const [trainSet, valSet] = [data.trainSet, data.valSet].map(shrink);
  const onnx = await exportForms(model, { trainSet, valSet, run: recorder, onNotice }).catch(
    (error: Error): Form[] => {
      onNotice(`${name} has no ONNX form: ${error.message}`);
      return [];
    },
  );
  const rows = [];
  let classes: Int32Array | undefined;
  for (const form of [tensorflow, ...onnx]) {
    show(`testing ${name}, ${form.name}`);
    const predictor = await form.open();
    try {
      const { p50Milliseconds } = await timePredictor(predictor, { height, width });
      const probabilities = await predictWith(predictor, testSet, { numOutputs, batchSize });
      const predicted = likeliestClasses(probabilities, numOutputs);
      classes ??= predicted;
      rows.push({
        form: form.name,
        MB: form.bytes / 1e6,
        'ms, p50': p50Milliseconds,
        'test accuracy': 1 - countDifferences(predicted, testSet.labels) / testSet.size,
        'other classes than TensorFlow': countDifferences(predicted, classes),
      });
    } finally {
      predictor.dispose();
    }
  }
  return createTable(rows);
}

/** Writes `onnx/<model>.onnx` and `onnx/<model>-int8.onnx` into the run's folder. */
async function exportForms(
  model: TrainedModel,
  {
    trainSet,
    valSet,
    run,
    onNotice,
  }: {
    readonly trainSet: ImageDataset;
    readonly valSet: ImageDataset;
    readonly run: RunState['recorder'];
    readonly onNotice: (notice: string) => void;
  },
): Promise<Form[]> {
  const { name, classifier, directory } = model;
  const folder = path.join(run.directory, 'onnx');
  mkdirSync(folder, { recursive: true });
  const place = path.join(folder, path.basename(directory));
  const origin = { name, runId: run.id };
  const formOf = (form: string, file: string): Form => ({
    name: form,
    bytes: statSync(file).size,
    open: async () => (await loadPredictor(file)).predictor,
  });
  await exportOnnx(classifier, `${place}.onnx`, origin);
  const { valAccuracy } = await exportInt8(classifier, `${place}-int8.onnx`, {
    ...{ ...origin, trainSet, valSet },
  });
  const loss = describeInt8Loss(name, valAccuracy);
  if (loss !== undefined) onNotice(loss);
  model.setInt8(valAccuracy);
  await run.addModel(model.record);
  return [
    formOf('ONNX Runtime', `${place}.onnx`),
    formOf('ONNX Runtime, int8', `${place}-int8.onnx`),
  ];
}

function countDifferences(a: Int32Array, b: Int32Array): number {
  return a.reduce((count, value, index) => count + (value === b[index] ? 0 : 1), 0);
}
