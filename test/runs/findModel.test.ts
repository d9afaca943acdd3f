import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { findModel } from '../../lib/runs/findModel';
import type { ModelRecord } from '../../lib/runs/runRecord';
import { recordRun } from '../../lib/runs/runRecorder';

let folder: string;

beforeEach(() => {
  delete process.env.RUN_DIR;
  folder = mkdtempSync(join(tmpdir(), 'find-model-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function record(name: string, testAccuracy: number | null): ModelRecord {
  return {
    name,
    parameterCount: 1,
    train: null,
    val: null,
    test: testAccuracy === null ? null : { accuracy: testAccuracy },
    singleViewAccuracy: null,
    int8: null,
    calibration: null,
    seconds: 1,
    imagesPerSecond: 1,
    sizeBytes: 0,
    history: [],
    origin: null,
  };
}

/** A complete run whose models lie in their folders, as far as `saved` names them. */
async function completeRun(models: readonly ModelRecord[], saved: readonly string[]) {
  const run = recordRun({
    notebook: 'using-cifar',
    parameters: {},
    seed: 1,
    runsDirectory: folder,
  });
  for (const model of models) await run.addModel(model);
  for (const name of saved) {
    mkdirSync(run.modelDirectory(name), { recursive: true });
    writeFileSync(join(run.modelDirectory(name), 'model.json'), '{}');
  }
  await run.complete();
  return run;
}

test('without a place it is the saved model of the latest run that tested best', async () => {
  await completeRun([record('old', 0.99)], ['old']);
  const run = await completeRun(
    [record('MLP', 0.4), record('CNN, all', 0.7), record('lost', 0.9), record('untested', null)],
    ['MLP', 'CNN, all', 'untested'],
  );
  assert.deepEqual(await findModel(undefined, { runsDirectory: folder }), {
    directory: run.modelDirectory('CNN, all'),
    name: 'CNN, all',
    runId: run.id,
    trainedOn: null,
    testAccuracy: 0.7,
  });
});

test("a run's id or the beginning of it, a run's folder and a model's folder are places", async () => {
  const run = await completeRun([record('CNN', 0.7)], ['CNN']);
  const directory = run.modelDirectory('CNN');
  assert.equal((await findModel(run.id, { runsDirectory: folder })).directory, directory);
  assert.equal((await findModel(run.directory)).directory, directory);
  assert.equal(
    (await findModel(run.id.slice(0, 9), { runsDirectory: folder })).directory,
    directory,
  );
  assert.equal((await findModel('latest', { runsDirectory: folder })).directory, directory);
  assert.deepEqual(await findModel(directory), {
    directory,
    name: 'CNN',
    runId: null,
    trainedOn: null,
    testAccuracy: 0.7,
  });
});

test('what is no model is refused with the way out', async () => {
  const options = { runsDirectory: folder };
  await assert.rejects(
    findModel(undefined, options),
    /a complete run but there is none in .*: "npm start"/,
  );
  await assert.rejects(findModel('nowhere', options), /at nowhere but found nothing/);
  const run = await completeRun([record('CNN', 0.7)], []);
  await assert.rejects(findModel(run.id, options), /a saved model in the run .* but found none/);
  await assert.rejects(findModel(folder, options), new RegExp(`found neither: .*${run.id}`));
});
