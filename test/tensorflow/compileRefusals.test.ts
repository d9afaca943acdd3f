import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { compile, type Step } from '../../lib/tensorflow/compile';
import { edge, Graph } from '../../lib/tensorflow/graph';
import { endpoints, Session } from '../../lib/tensorflow/savedModel';
import { executeOperation } from '../../lib/tensorflow/operations';
import { refusalOf, valuesOf, variableOf, withoutLeaks } from './steps';

type T = tf.Tensor;

const kept: T[] = [];
const temporary = (x: T): T => {
  const variable = tf.variable(x);
  const result = variable.add(1);
  variable.dispose();
  return result;
};

function runSavedModel(x: T): T {
  const graph = new Graph();
  const one = graph.addConstant({ shape: [], dtype: 1 }, Float32Array.of(1));
  const session = new Session(graph);
  const [handle] = session.run([], '', endpoints([edge(one)]));
  session.dispose();
  return x.add(nodeBackend().createOutputTensor(handle));
}

/** Steps of a scalar that no graph can hold, and what the notice says. */
const REFUSED: Readonly<Record<string, { readonly step: Step; readonly reason: RegExp }>> = {
  'reads an input': {
    step: (x: T) => (x.dataSync()[0] > 1 ? x.mul(2) : x.mul(3)),
    reason: /reads the data of an input/,
  },
  'reads a result': {
    step: (x: T) => x.mul(x.add(1).arraySync()),
    reason: /reads the data of the result of Add /,
  },
  'prints a result': {
    step: (x: T) => {
      const log = console.log;
      console.log = () => undefined;
      x.exp().print();
      console.log = log;
      return x;
    },
    reason: /reads the data of the result of Exp/,
  },
  'draws in JavaScript': { step: (x: T) => x.mul(Math.random()), reason: /random numbers in JavaScript/ }, // prettier-ignore
  'draws with tfjs': { step: (x: T) => x.add(tf.randomNormal([2])), reason: /random numbers in JavaScript/ }, // prettier-ignore
  'draws in a kernel': {
    step: (x: T) => tf.multinomial(tf.zeros<tf.Rank.R1>([3]).add<tf.Tensor1D>(x), 2, 7).add(x),
    reason: /Multinomial draws random numbers of its own/,
  },
  'depends on a shape that depends on data': {
    step: (x: T) => x.mul(tf.unique(x.reshape([1])).values.size),
    reason: /shape of the result of UniqueV2 depends on data/,
  },
  'keeps a tensor': {
    step: (x: T) => {
      kept.push(tf.keep(x.mul(2)));
      return x;
    },
    reason: /keeps the result of Mul/,
  },
  'computes with complex numbers': { step: (x: T) => tf.abs(tf.complex(x, x)), reason: /Complex gives data of a type/ }, // prettier-ignore
  'computes with texts': {
    step: (x: T) => [x, tf.string.staticRegexReplace(tf.tensor1d(['a']), 'a', 'b')],
    reason: /StaticRegexReplace gives data of a type/,
  },
  'makes and disposes a variable on every call': { step: temporary, reason: /makes a variable on every call/ }, // prettier-ignore
  'runs a SavedModel': { step: runSavedModel, reason: /runs a SavedModel of its own/ },
  'returns a number': { step: (x: T) => ({ x, count: 3 }) as never, reason: /returns 3/ },
  'has an effect without a result': {
    step: (x: T) => {
      executeOperation('NoOp', [], { numOutputs: 0 });
      return x;
    },
    reason: /NoOp has an effect/,
  },
};

for (const [name, { step, reason }] of Object.entries(REFUSED))
  test(`a step that ${name} runs eagerly and says why`, () => {
    assert.match(refusalOf(step) ?? 'it was not refused', reason);
    tf.dispose(kept);
  });

test('a refused step keeps giving the right numbers, after one notice', () => {
  withoutLeaks(() => {
    const notices: string[] = [];
    const w = variableOf(1);
    const step = compile(
      (x: T) => {
        w.assign(w.add(x));
        return w.mul(x.dataSync()[0]);
      },
      { onFallback: (reason) => notices.push(reason) },
    );
    tf.tidy(() => {
      const results = [1, 2, 3].map((x) => valuesOf(step(tf.scalar(x)))[0]);
      assert.deepEqual(results, [2, 8, 21]);
    });
    assert.equal(notices.length, 1);
    assert.deepEqual(step.statistics, {
      traces: 1,
      graphRuns: 0,
      eagerRuns: 2,
      fallbackReason: notices[0],
    });
    step.dispose();
    w.dispose();
  });
});

test('without a listener the notice is one line with the step’s name', (t) => {
  const warn = t.mock.method(console, 'warn', () => undefined);
  tf.tidy(() => {
    const step = compile(function pick(x: T) {
      return x.mul(x.dataSync()[0]);
    });
    for (let i = 0; i < 3; i++) step(tf.scalar(i));
    step.dispose();
  });
  assert.equal(warn.mock.callCount(), 1);
  assert.match(String(warn.mock.calls[0].arguments[0]), /^"pick" runs op by op.*data of an input/);
});

test('a variable that the step disposes keeps it eager', () => {
  tf.tidy(() => {
    const w = variableOf(1);
    const step = compile(
      (x: T) => {
        const result = w.isDisposed ? x.clone() : w.add(x);
        w.dispose();
        return result;
      },
      { onFallback: () => undefined },
    );
    assert.deepEqual(
      [1, 2, 3].map((x) => valuesOf(step(tf.scalar(x)))[0]),
      [2, 2, 3],
    );
    assert.match(step.statistics.fallbackReason ?? '', /disposes variable/);
    step.dispose();
  });
});

test('arguments whose content may change unseen keep a step eager', () => {
  tf.tidy(() => {
    const step = compile((x: T, list: Float32Array) => x.mul(list[0]), {
      onFallback: () => undefined,
    });
    const list = Float32Array.of(2);
    assert.deepEqual(valuesOf(step(tf.scalar(3), list)), [6]);
    list[0] = 5;
    assert.deepEqual(valuesOf(step(tf.scalar(3), list)), [15]);
    assert.match(step.statistics.fallbackReason ?? '', /a Float32Array.*pass tensors/);
    step.dispose();
  });
});

test('an asynchronous step is an error', () => {
  const step = compile((async (x: T) => Promise.resolve(x.mul(2))) as unknown as (x: T) => T);
  withoutLeaks(() => {
    const x = tf.scalar(1);
    assert.throws(() => step(x), /returned a promise: await outside/);
    x.dispose();
  });
  step.dispose();
});

test('after 32 graphs new shapes run eagerly; those that have a graph keep it', () => {
  tf.tidy(() => {
    const notices: string[] = [];
    const step = compile((x: T, factor: number) => x.mul(factor), {
      onFallback: (reason) => notices.push(reason),
    });
    for (let factor = 1; factor <= 40; factor++)
      assert.deepEqual(valuesOf(step(tf.scalar(2), factor)), [2 * factor]);
    assert.deepEqual([step.statistics.traces, step.statistics.eagerRuns], [32, 8]);
    assert.deepEqual(valuesOf(step(tf.scalar(5), 7)), [35]);
    assert.equal(step.statistics.graphRuns, 1);
    assert.equal(notices.length, 1);
    assert.match(notices[0], /32 graphs were made: pass what differs .* as a tensor/);
    step.dispose();
  });
});
