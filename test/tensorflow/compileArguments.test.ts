import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { compileStrictly, valuesOf, variableOf, withoutLeaks } from './steps';

type T = tf.Tensor;

/** Runs `check` with every tensor that it makes given back, also where an assertion fails. */
function tidyTest(name: string, check: () => void): void {
  test(name, () => tf.tidy(check));
}

tidyTest('a tensor passed twice is two inputs', () => {
  const minus = compileStrictly((a: T, b: T) => a.sub(b));
  const x = tf.scalar(5);
  minus(x, x);
  minus(x, x.clone());
  assert.deepEqual(valuesOf(minus(x, tf.scalar(3))), [2]);
  minus.dispose();
});

tidyTest('a captured tensor stays what it was although it was passed too', () => {
  const factor = tf.scalar(5);
  const scaled = compileStrictly((x: T) => x.mul(factor));
  scaled(factor);
  assert.deepEqual(valuesOf(scaled(tf.scalar(2))), [10]);
  scaled.dispose();
});

tidyTest('a variable passed as an argument is that variable, not its value', () => {
  const [a, b] = [variableOf(5), variableOf(7)];
  const increment = compileStrictly((variable: tf.Variable) => {
    variable.assign(variable.add(1));
    return variable.mul(2);
  });
  for (const variable of [a, b, a, b, a]) increment(variable);
  assert.deepEqual(
    [a, b].map((variable) => variable.dataSync()[0]),
    [8, 9],
  );
  increment.dispose();
  tf.dispose([a, b]);
});

tidyTest('tensors come in arrays and records, as arguments and as results', () => {
  const step = compileStrictly(({ pair, rate }: { pair: readonly T[]; rate: T }) => ({
    sums: [pair[0].add(pair[1]), [pair[0].mul(rate)]],
    nothing: undefined,
  }));
  for (let i = 1; i <= 3; i++) {
    const { sums, nothing } = step({ pair: [tf.scalar(i), tf.scalar(2)], rate: tf.scalar(10) });
    const [sum, [product]] = sums as [T, [T]];
    assert.deepEqual([...valuesOf(sum), ...valuesOf(product)], [i + 2, 10 * i]);
    assert.equal(nothing, undefined);
  }
  assert.equal(step.statistics.graphRuns, 2);
  step.dispose();
});

tidyTest('numbers, booleans, texts and functions are constants: each has its graph', () => {
  const step = compileStrictly((x: T, settings: { by?: number | null }, change: (x: T) => T) =>
    change(settings.by == null ? x : x.mul(settings.by)),
  );
  const [keep, negate] = [(x: T) => x.clone(), (x: T) => x.neg()];
  const run = (by: number | null | undefined, change: (x: T) => T): number =>
    valuesOf(step(tf.scalar(2), { by }, change))[0];
  for (let i = 0; i < 2; i++) {
    assert.equal(run(3, keep), 6);
    assert.equal(run(3, negate), -6);
    assert.equal(run(null, keep), 2);
    assert.equal(run(undefined, negate), -2);
    assert.ok(Number.isNaN(run(NaN, keep)));
    assert.equal(run(Infinity, keep), Infinity);
    assert.ok(Object.is(run(-0, keep), -0));
    assert.ok(Object.is(run(0, keep), 0));
  }
  assert.deepEqual([step.statistics.traces, step.statistics.graphRuns], [8, 8]);
  step.dispose();
});

tidyTest('models passed as arguments are told apart', () => {
  const model = (value: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.dense({
          inputShape: [2],
          units: 1,
          kernelInitializer: tf.initializers.constant({ value }),
        }),
      ],
    });
  const [one, two] = [model(1), model(2)];
  const apply = compileStrictly((m: tf.LayersModel, x: T) => m.apply(x) as T);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(valuesOf(apply(one, tf.ones([1, 2]))), [2]);
    assert.deepEqual(valuesOf(apply(two, tf.ones([1, 2]))), [4]);
  }
  apply.dispose();
  one.dispose();
  two.dispose();
});

tidyTest('integers, booleans and an empty batch go through', () => {
  const step = compileStrictly((x: T, mask: T) => tf.where(mask, x, x.neg()));
  for (const values of [[1, 2], [3, 4], []]) {
    const x = tf.tensor1d(values, 'int32');
    const mask = tf.tensor1d(
      values.map((_, i) => i === 0),
      'bool',
    );
    for (let i = 0; i < 2; i++) {
      const result = step(x, mask);
      assert.equal(result.dtype, 'int32');
      assert.deepEqual(
        valuesOf(result),
        values.map((value, at) => (at === 0 ? value : -value)),
      );
    }
  }
  step.dispose();
});

test('results belong to the caller, also an argument, a variable or a constant that is returned', () => {
  withoutLeaks(() => {
    const x = tf.scalar(5);
    const constant = tf.scalar(7);
    const variable = variableOf(1);
    const step = compileStrictly((input: T) => {
      variable.assign(variable.add(1));
      return [input, variable, constant, input];
    });
    for (let i = 0; i < 4; i++) {
      const results = step(x);
      assert.deepEqual(
        results.map((result) => result.dataSync()[0]),
        [5, i + 2, 7, 5],
      );
      tf.dispose([...results]);
    }
    assert.deepEqual(
      [x, variable, constant].map((tensor) => tensor.dataSync()[0]),
      [5, 5, 7],
    );
    step.dispose();
    tf.dispose([x, variable, constant]);
  });
});

tidyTest('a variable can be set to a constant', () => {
  const [variable, initial] = [variableOf(3), tf.scalar(7)];
  const reset = compileStrictly((x: T) => {
    variable.assign(variable.add(x));
    variable.assign(initial);
    return tf.scalar(2);
  });
  for (let i = 0; i < 3; i++) {
    variable.assign(tf.scalar(i));
    assert.deepEqual(valuesOf(reset(tf.scalar(i))), [2]);
    assert.equal(variable.dataSync()[0], 7);
  }
  reset.dispose();
  variable.dispose();
});

test('a step without results still writes', () => {
  withoutLeaks(() => {
    const counter = variableOf(0);
    const count = compileStrictly(() => counter.assign(counter.add(1)));
    for (let i = 0; i < 5; i++) assert.equal(count(), undefined);
    assert.equal(counter.dataSync()[0], 5);
    assert.equal(count.statistics.graphRuns, 4);
    count.dispose();
    counter.dispose();
  });
});

tidyTest('a disposed argument is an error before anything runs', () => {
  const step = compileStrictly((x: T) => x.mul(2));
  const x = tf.scalar(1);
  step(x);
  x.dispose();
  assert.throws(() => step(x), /disposed/);
  step.dispose();
});

tidyTest('a disposed step and impossible options are refused', () => {
  const step = compileStrictly(function double(x: T) {
    return x.mul(2);
  });
  step(tf.scalar(1));
  step.dispose();
  step.dispose();
  assert.throws(() => step(tf.scalar(1)), /Expected "double" to be alive.*compile it again/);
  assert.throws(() => compile((x: T) => x, { forzen: true } as object), /did you mean "frozen"/);
  assert.throws(() => compile((x: T) => x, { seed: 0.5 }), /seed/);
});

tidyTest('arguments that look alike in a signature are different graphs', () => {
  const shapeOf = compileStrictly((x: unknown, factor: T): T =>
    factor.mul(
      x instanceof tf.Tensor ? 10 : Array.isArray(x) ? x.length : typeof x === 'bigint' ? 3 : 4,
    ),
  );
  const one = tf.scalar(1);
  const calls: [unknown, number][] = [
    [tf.tensor1d([7, 8]), 10],
    [{ shape: [2], dtype: 1 }, 4],
    [2, 4],
    [2n, 3],
    [[], 0],
    [[undefined], 1],
    // eslint-disable-next-line no-sparse-arrays -- that is what it is about
    [[, ,], 2],
    ['2', 4],
    ['undefined', 4],
  ];
  for (const round of [1, 2])
    for (const [x, expected] of calls)
      assert.deepEqual(valuesOf(shapeOf(x, one)), [expected], `round ${round}: ${String(x)}`);
  assert.equal(shapeOf.statistics.graphRuns, calls.length);
  shapeOf.dispose();
});

test('a symbol, which nothing tells from another of its name, makes no graph', () => {
  let refusal = '';
  const step = compile((_: symbol, x: T) => x.add(1), {
    onFallback: (text) => (refusal = text),
  });
  tf.tidy(() => {
    assert.deepEqual(valuesOf(step(Symbol('a'), tf.scalar(1))), [2]);
  });
  assert.match(refusal, /content may change unseen/);
  step.dispose();
});
