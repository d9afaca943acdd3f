import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { createSgd } from '../../lib/training/optimizer';
import { MODEL_CASES } from './modelCases';
import { STRESS, withoutLeaks } from './steps';
import { assertClose } from '../assertClose';
import { assertSameWeights, createTwins, trainOn } from './trainingTwins';

const STEPS = STRESS ? 300 : 5;
/** Batches of these sizes, over and over: their graphs take turns. */
const SIZES = STRESS ? [5, 5, 3, 5, 1, 3] : [5, 3];

for (const [name, modelCase] of Object.entries(MODEL_CASES))
  test(`${name}: ${STEPS} steps are the same as a graph and eagerly`, () => {
    withoutLeaks(() => {
      const { graph, eager } = createTwins(modelCase, () => createSgd({ momentum: 0.9 }), {
        seed: 3,
      });
      for (let index = 0; index < STEPS; index++) {
        const batch = { index, size: SIZES[index % SIZES.length] };
        const [actual, expected] = [graph, eager].map((twin) => trainOn(modelCase, twin, batch));
        assertClose([actual], [expected], { tolerance: 1e-5, message: `loss of step ${index}` });
      }
      assertSameWeights(graph.model, eager.model, 1e-4);
      assert.deepEqual(graph.step.statistics, {
        traces: new Set(SIZES).size,
        graphRuns: STEPS - new Set(SIZES).size,
        eagerRuns: 0,
        fallbackReason: null,
      });
      graph.dispose();
      eager.dispose();
      assert.equal(Object.keys(tf.engine().registeredVariables).length, 0);
    });
  });
