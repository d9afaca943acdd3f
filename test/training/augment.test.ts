import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { setStepNumber } from '../../lib/tensorflow/compile';
import {
  chainAugmentations,
  createAugmentation,
  type AugmentationOptions,
} from '../../lib/training/augment';
import { compileStrictly, withoutLeaks } from '../tensorflow/steps';

const FILL = [100, 110, 120];

/** Batches of one gradient picture, augmented in a graph at the steps named; the graph must not fall back. */
function augmented(
  options: AugmentationOptions,
  { steps = [1, 2], batch = 64, side = 6, seed = 3 } = {},
): { images: number[][][][]; targets: number[][] }[] {
  const augmentation = createAugmentation(options);
  const compiled = compileStrictly(
    function augment(images: tf.Tensor4D, targets: tf.Tensor2D) {
      const result = augmentation.apply(
        { images, targets: () => targets },
        { fill: FILL, inputs: {} },
      );
      return [result.images, result.targets ?? targets.add(0)];
    },
    { seed },
  );
  const row = Array.from({ length: side * side * 3 }, (_, i) => Math.floor(i / 3));
  const picture = tf.tensor4d(Array.from({ length: batch }, () => row).flat(), [
    batch,
    side,
    side,
    3,
  ]);
  const targets = tf.tensor2d(
    Array.from({ length: batch }, (_, i) => (i < batch / 2 ? [1, 0] : [0, 1])),
  );
  const results = [1, ...steps].map((step) => {
    setStepNumber(compiled, step);
    const [changed, mixed] = compiled(picture, targets);
    const values = {
      images: changed.arraySync() as number[][][][],
      targets: mixed.arraySync() as number[][],
    };
    tf.dispose([changed, mixed]);
    return values;
  });
  assert.equal(compiled.statistics.graphRuns, steps.length); // the first call was recorded
  compiled.dispose();
  tf.dispose([picture, targets]);
  return results.slice(1);
}

const topRows = (images: number[][][][]): string[] =>
  images.map((picture) => picture[0].map(([red]) => red).join(' '));

test('no piece, no change', () => {
  withoutLeaks(() => {
    const [{ images, targets }] = augmented({}, { batch: 2, side: 2 });
    assert.deepEqual(topRows(images), ['0 1', '0 1']);
    assert.deepEqual(targets, [
      [1, 0],
      [0, 1],
    ]);
  });
});

test('a flip mirrors about half of the pictures, others on the next step', () => {
  const [first, second] = augmented({ flip: true }, { batch: 400, side: 3 }).map(({ images }) =>
    topRows(images),
  );
  assert.deepEqual(new Set(first), new Set(['0 1 2', '2 1 0']));
  const mirrored = first.filter((row) => row === '2 1 0').length;
  assert.ok(Math.abs(mirrored - 200) < 50, `${mirrored} of 400`); // 5 standard deviations
  assert.notDeepEqual(first, second);
});

test('shifts reach every distance up to the chosen one, in both directions', () => {
  const [{ images }] = augmented({ shift: 1 }, { batch: 400, side: 3 });
  // Rows moved by -1, 0, 1 begin with 3, 0, 3 (mirrored), columns accordingly.
  const corners = new Map<string, number>();
  for (const picture of images) {
    const corner = `${picture[1][0][0]} ${picture[1][1][0]}`;
    corners.set(corner, (corners.get(corner) ?? 0) + 1);
  }
  // The middle row is row 0, 1 or 2; its first pixels are 1 0 | 0 1 | 1 2.
  const expected = [0, 3, 6].flatMap((row) => [
    `${row + 1} ${row}`,
    `${row} ${row + 1}`,
    `${row + 1} ${row + 2}`,
  ]);
  assert.deepEqual([...corners.keys()].sort(), expected.sort());
  for (const [corner, count] of corners) assert.ok(count > 15, `${corner}: ${count} of 400`); // 44 expected
});

test('a cut-out square has the mean colour and its centre inside of the picture', () => {
  const [{ images }] = augmented({ cutout: 2 }, { batch: 200, side: 4 });
  for (const picture of images) {
    const painted = picture.flat().filter(([red]) => red === FILL[0]);
    assert.ok([1, 2, 4].includes(painted.length), `${painted.length} pixels`);
    for (const pixel of painted) assert.deepEqual(pixel, FILL);
  }
});

test('mixup mixes pictures and targets by the same share, one for each step', () => {
  const batches = augmented({ mixup: 1 }, { steps: [1, 2, 3, 4, 5], batch: 4, side: 2 });
  const shares = batches.map(({ targets }) => {
    // The first picture's partner is the last one, of the other class.
    const [[own, other], , , [partners]] = targets;
    assert.ok(Math.abs(own + other - 1) < 1e-6);
    assert.ok(Math.abs(own + partners - 1) < 1e-6);
    return own;
  });
  assert.equal(new Set(shares).size, 5);
  assert.ok(shares.every((share) => share > 0 && share < 1));
});

test('shares of mixup follow Beta(α, α): mean 1/2, variance 1 / (4 (2α + 1))', () => {
  const steps = Array.from({ length: 400 }, (_, i) => i + 1);
  const batches = augmented({ mixup: 0.5 }, { steps, batch: 2, side: 2 });
  const shares = batches.map(({ targets }) => targets[0][0]);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shares.length;
  assert.ok(Math.abs(mean - 0.5) < 0.08, `mean ${mean}`); // 4.5 standard errors of .0177
  assert.ok(Math.abs(variance - 0.125) < 0.025, `variance ${variance}`);
});

test('the same seed and step give the same pictures in another graph, another seed others', () => {
  const options = { flip: true, shift: 2, cutout: 2, mixup: 0.3 };
  const [first, second] = augmented(options);
  const [again] = augmented(options, { steps: [2] });
  assert.deepEqual(again, second);
  assert.notDeepEqual(first, second);
  assert.notDeepEqual(augmented(options, { steps: [2], seed: 4 })[0], second);
});

test('an alternating flip shows every picture from both sides in two epochs', () => {
  const inputsFor = createAugmentation({ flip: 'alternating' }).start?.({ size: 1000, seed: 5 });
  const flipsOf = (indices: ArrayLike<number>, epoch: number) => inputsFor!(indices, epoch).flips;
  const indices = Uint32Array.from({ length: 1000 }, (_, i) => i);
  const [first, second, third] = [1, 2, 3].map((epoch) => [...flipsOf(indices, epoch)]);
  assert.deepEqual(
    second,
    first.map((flip) => 1 - flip),
  );
  assert.deepEqual(third, first);
  const count = first.reduce((sum, flip) => sum + flip, 0);
  assert.ok(Math.abs(count - 500) < 80, `${count} of 1000`); // 5 standard deviations
  // A picture keeps its coin in whatever batch it comes.
  assert.deepEqual([...flipsOf([7, 3], 1)], [first[7], first[3]]);
});

test('an alternating flip wants to be told the flips', () => {
  const augmentation = createAugmentation({ flip: 'alternating' });
  const images = tf.zeros<tf.Rank.R4>([1, 2, 2, 3]);
  assert.throws(
    () =>
      augmentation.apply({ images, targets: () => tf.zeros([1, 2]) }, { fill: FILL, inputs: {} }),
    /Expected inputs.flips .* but received none/,
  );
  images.dispose();
});

test('impossible options are refused', () => {
  assert.throws(() => createAugmentation({ shift: -1 }), /Expected shift to be an integer of 0/);
  assert.throws(() => createAugmentation({ flip: 'often' as never }), /'alternating'/);
  assert.throws(() => createAugmentation({ cutOut: 2 } as never), /did you mean "cutout"/);
  assert.throws(
    () => augmented({ shift: 3 }, { side: 3 }),
    /Expected shift to be less than the pictures' sides, 3 × 3, but received 3/,
  );
});

test('augmentations in a list follow one another, each with its own inputs', () => {
  withoutLeaks(() => {
    const chain = chainAugmentations([
      createAugmentation({ flip: 'alternating' }),
      createAugmentation({ flip: 'alternating' }),
    ]);
    const inputsFor = chain.start?.({ size: 4, seed: 2 });
    assert.deepEqual(Object.keys(inputsFor!([0, 1], 1)), ['0 flips', '1 flips']);
    const images = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]);
    const apply = (flips: readonly number[]) =>
      tf.tidy(() => {
        const inputs = Object.fromEntries(
          flips.map((flip, place) => [`${place} flips`, tf.tensor1d([flip], 'int32')]),
        );
        const targets = () => tf.zeros<tf.Rank.R2>([1, 2]);
        return [...chain.apply({ images, targets }, { fill: FILL, inputs }).images.dataSync()];
      });
    assert.deepEqual(apply([1, 0]), [4, 5, 6, 1, 2, 3]);
    assert.deepEqual(apply([1, 1]), [1, 2, 3, 4, 5, 6]);
    images.dispose();
  });
});

test('sections are other ones in each picture and step, within the picture', () => {
  withoutLeaks(() => {
    const [first, second] = augmented({ crop: 0.3 }).map(({ images }) => images);
    const brightest = 35; // pixels of 6 × 6 rise from 0 to 35
    const values = first.flat(3);
    assert.ok(values.every((value) => value >= 0 && value <= brightest));
    assert.ok(new Set(topRows(first)).size > 60);
    assert.notDeepEqual(topRows(first), topRows(second));
  });
});

test('a rotation keeps the centre of a picture', () => {
  withoutLeaks(() => {
    const [{ images }] = augmented({ rotation: 90 }, { side: 5 });
    for (const picture of images) assert.ok(Math.abs(picture[2][2][0] - 12) < 1e-4);
    assert.ok(new Set(topRows(images)).size > 60);
  });
});

test('erasing paints rectangles in its share of the pictures, of 2 to 33 % of the area', () => {
  withoutLeaks(() => {
    const [{ images }] = augmented({ erasing: 0.5 }, { batch: 200, side: 20 });
    const counts = images.map(
      (picture) =>
        picture.flat().filter(([red, green]) => red === FILL[0] && green === FILL[1]).length,
    );
    const erased = counts.filter((count) => count > 0);
    assert.ok(erased.length > 75 && erased.length < 125, `${erased.length}`); // 100 ± 3.5 deviations of 7
    // Rounded sides: a pixel more or less on each.
    assert.ok(Math.min(...erased) >= 4 && Math.max(...erased) <= 0.33 * 400 + 25);
  });
});

test('colours change within the jitter', () => {
  withoutLeaks(() => {
    const [{ images }] = augmented({ colorJitter: 0.1 });
    // The brightest pixel, 35: at most 35 · 1.1, then 10 % further from the mean grey of about 19.
    const highest = Math.max(...images.flat(3));
    assert.ok(highest > 36 && highest <= 38.5 + 0.1 * (38.5 - 17), `${highest}`);
    assert.ok(new Set(topRows(images)).size > 60);
  });
});
