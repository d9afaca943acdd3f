import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { replaceMember } from '../../lib/tensorflow/replaceMember';
import { updateVariables } from '../../lib/tensorflow/resourceVariables';
import { compileStrictly, valuesOf, variableOf } from './steps';

type T = tf.Tensor;

/** Runs `check` with every tensor that it makes given back, also where an assertion fails. */
function tidyTest(name: string, check: () => void): void {
  test(name, () => tf.tidy(check));
}

const value = (tensor: T): number => tensor.dataSync()[0];

/** w ← w + x as a graph, called often enough that the value lies in the session. */
function addingStep(variable: tf.Variable): ReturnType<typeof compileStrictly<(x: T) => T>> {
  const step = compileStrictly((x: T) => {
    variable.assign(variable.add(x));
    return variable.mul(10);
  });
  for (let i = 0; i < 3; i++) step(tf.scalar(1));
  return step;
}

tidyTest('a variable is read, cloned and computed with at any time', () => {
  const w = variableOf(0);
  const step = addingStep(w);
  const clone = w.clone();
  step(tf.scalar(1));
  const sum = w.add(100);
  step(tf.scalar(1));
  assert.deepEqual([clone, sum, w].map(value), [3, 104, 5]);
  assert.deepEqual(valuesOf(step(tf.scalar(1))), [60]);
  step.dispose();
  w.dispose();
});

tidyTest('a variable may be assigned at any time', () => {
  const w = variableOf(0);
  const step = addingStep(w);
  w.assign(tf.scalar(50));
  assert.deepEqual(valuesOf(step(tf.scalar(1))), [510]);
  assert.equal(value(w), 51);
  w.assign(w.mul(2));
  assert.deepEqual(valuesOf(step(tf.scalar(1))), [1030]);
  step.dispose();
  assert.equal(value(w), 103, 'the value stays after the step is gone');
  w.dispose();
});

tidyTest('variables that share data part ways', () => {
  const initial = tf.scalar(1);
  const [a, b] = [tf.variable(initial), tf.variable(initial)];
  const step = addingStep(a);
  assert.deepEqual([a, b].map(value), [4, 1]);
  b.assign(a);
  step(tf.scalar(1));
  assert.deepEqual([a, b, initial].map(value), [5, 4, 1]);
  step.dispose();
  tf.dispose([a, b]);
});

tidyTest('a variable may be assigned another one inside of a step', () => {
  const [target, online] = [variableOf(0), variableOf(1)];
  const step = compileStrictly((x: T) => {
    const before = target.clone();
    target.assign(online);
    online.assign(online.add(x));
    return before.add(online);
  });
  const results = [1, 1, 1, 1].map((x) => valuesOf(step(tf.scalar(x)))[0]);
  assert.deepEqual(results, [0 + 2, 1 + 3, 2 + 4, 3 + 5]);
  assert.deepEqual([target, online].map(value), [4, 5]);
  step.dispose();
  tf.dispose([target, online]);
});

tidyTest('graphs for several sizes share one state', () => {
  const w = variableOf(0);
  const step = compileStrictly((x: T) => {
    w.assign(w.add(x.sum()));
    return w.clone();
  });
  let sum = 0;
  for (const size of [3, 3, 2, 3, 2, 2, 5, 3, 5, 1, 2]) {
    sum += size;
    assert.deepEqual(valuesOf(step(tf.ones([size]))), [sum]);
  }
  assert.equal(step.statistics.traces, 4);
  step.dispose();
  w.dispose();
});

tidyTest('two functions over one variable, and two models, do not disturb each other', () => {
  const [shared, own] = [variableOf(1), variableOf(5)];
  const double = compileStrictly(() => shared.assign(shared.mul(2)));
  const increment = compileStrictly((x: T) => {
    shared.assign(shared.add(x));
    own.assign(own.sub(x));
    return own.clone();
  });
  let [expectedShared, expectedOwn] = [1, 5];
  for (let i = 0; i < 5; i++) {
    double();
    assert.deepEqual(valuesOf(increment(tf.scalar(1))), [--expectedOwn]);
    expectedShared = expectedShared * 2 + 1;
  }
  assert.deepEqual([shared, own].map(value), [expectedShared, expectedOwn]);
  double.dispose();
  increment(tf.scalar(1));
  assert.equal(value(shared), expectedShared + 1);
  increment.dispose();
  tf.dispose([shared, own]);
});

tidyTest('a compiled function inside another is a part of its graph', () => {
  const w = variableOf(1);
  const inner = compileStrictly((x: T) => {
    w.assign(w.add(x));
    return w.mul(2);
  });
  const outer = compileStrictly((x: T) => inner(x).add(inner(x)));
  const results = [1, 1, 1].map((x) => valuesOf(outer(tf.scalar(x)))[0]);
  assert.deepEqual(results, [4 + 6, 8 + 10, 12 + 14]);
  assert.deepEqual(valuesOf(inner(tf.scalar(1))), [16]);
  assert.deepEqual(valuesOf(inner(tf.scalar(1))), [18]);
  assert.deepEqual([outer.statistics.graphRuns, inner.statistics.graphRuns], [2, 1]);
  tf.dispose([w]);
  outer.dispose();
  inner.dispose();
});

tidyTest('a step inside a gradient is differentiated, each time', () => {
  const square = compile((x: T) => x.square());
  square(tf.scalar(3));
  square(tf.scalar(3));
  const gradient = tf.grad((x) => square(x).add(x));
  for (let i = 0; i < 3; i++) assert.deepEqual(valuesOf(gradient(tf.scalar(3))), [7]);
  assert.deepEqual(valuesOf(square(tf.scalar(4))), [16]);
  square.dispose();
});

tidyTest('what a failing step has written is written, as eagerly', () => {
  const w = variableOf([1, 2, 3]);
  const step = compileStrictly((at: T) => {
    w.assign(w.add(1));
    return tf.gatherND(w, at);
  });
  const at = (index: number): T => tf.tensor2d([[index]], [1, 1], 'int32');
  step(at(0));
  assert.throws(() => step(at(7)), /does not index/);
  assert.deepEqual(valuesOf(step(at(0))), [4]);
  assert.throws(() => step(at(7)), /does not index/);
  assert.deepEqual([...w.dataSync()], [5, 6, 7]);
  step.dispose();
  w.dispose();
});

tidyTest('a step that throws while it is recorded leaves nothing behind', () => {
  const w = variableOf(1);
  let isBroken = true;
  const step = compileStrictly((x: T) => {
    w.assign(w.add(x));
    if (isBroken) throw new Error('broken');
    return w.mul(2);
  });
  const hooks = (): unknown[] => [
    nodeBackend().binding,
    Math.random,
    tf.engine().makeVariable.name,
    (tf.layers.dropout({ rate: 0.5 }) as { call: unknown }).call,
  ];
  const before = hooks();
  for (let i = 0; i < 2; i++) assert.throws(() => step(tf.scalar(1)), /broken/);
  assert.deepEqual(hooks(), before);
  isBroken = false;
  assert.deepEqual(
    [1, 1, 1].map((x) => valuesOf(step(tf.scalar(x)))[0]),
    [8, 10, 12],
  );
  assert.equal(step.statistics.graphRuns, 2);
  step.dispose();
  w.dispose();
});

tidyTest('a step whose variable is gone says what to do', () => {
  const w = variableOf(0);
  const step = addingStep(w);
  w.dispose();
  assert.throws(() => step(tf.scalar(1)), /dispose the compiled function together with its model/);
  step.dispose();
});

tidyTest('tracing an update copies no weight to JavaScript', () => {
  const [weight, m, v] = [0, 1, 2].map(() => tf.variable(tf.ones([100, 100])));
  const scalars = [0.9, 0.999, 0.01, 0.9, 0.999, 1e-7].map((value) => tf.scalar(value));
  const step = compileStrictly((gradient: T) => {
    updateVariables('ResourceApplyAdam', {
      resources: [weight, m, v],
      inputs: [...scalars, gradient],
      flags: { use_locking: false, use_nesterov: false },
    });
    return gradient.sum();
  });
  const backend = nodeBackend();
  const { binding } = backend;
  let copied = 0;
  const restore = replaceMember(backend, 'binding', (plain) =>
    Object.create(plain, {
      tensorDataSync: {
        value: (id: number) => {
          const values = binding.tensorDataSync(id);
          copied += values.byteLength;
          return values;
        },
      },
    }),
  );
  step(tf.ones([100, 100]));
  restore();
  assert.equal(step.statistics.traces, 1);
  assert.ok(copied < 1000, `${copied} bytes copied`);
  step(tf.ones([100, 100]));
  assert.equal(step.statistics.graphRuns, 1);
  step.dispose();
  tf.dispose([weight, m, v]);
});

tidyTest('the example of lib/tensorflow/README.md says what happens', () => {
  const weight = variableOf(2);
  const step = compileStrictly((x: T, learningRate: T) => {
    const gradient = x.mul(2);
    weight.assign(weight.sub(gradient.mul(learningRate)));
    return weight.mul(1);
  });
  const results = [3, 1].map((x) => value(step(tf.scalar(x), tf.scalar(0.1))));
  assert.deepEqual(
    [...results, value(weight)].map((number) => number.toFixed(6)),
    ['1.400000', '1.200000', '1.200000'],
  );
  assert.deepEqual(step.statistics, {
    traces: 1,
    graphRuns: 1,
    eagerRuns: 0,
    fallbackReason: null,
  });
  step.dispose();
  weight.dispose();
});

tidyTest('gradients of intermediate values, by hand and of gradients are recorded whole', () => {
  const x = tf.tensor1d([2]);
  const step = compileStrictly((x: T) => {
    // d(x³)/dx with dy = 5, and d(x²)/dx twice.
    const cube = tf.grad((x: T) => x.mul(x).mul(x))(x, tf.tensor1d([5]));
    const twice = tf.grad((x: T) =>
      tf
        .grad((x: T) => x.square())(x)
        .sum(),
    )(x);
    // The gradient of the square, whose operation lies within.
    const [inner, square] = [(x: T) => x.square(), x.square()];
    const outer = tf.grad((s: T) => s.square().add(inner(s)).sum())(square);
    return [cube, twice, outer];
  });
  // 3 · 4 · 5; 2; s = 4: 2 s + 2 s.
  for (let call = 0; call < 2; call++) assert.deepEqual(step(x).flatMap(valuesOf), [60, 2, 16]);
  assert.equal(step.statistics.graphRuns, 1);
  step.dispose();
});
