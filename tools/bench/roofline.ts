// The least time that a training step can take on this machine: the products that it needs, at the measured rate of large ones,
// and the weights and slots that Adam moves, at the measured bandwidth. Findings: README.md.
//   node --import tsx tools/bench/roofline.ts
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createCnn } from '../../lib/models/cnn';
import { createMlp } from '../../lib/models/mlp';
import type { tf } from '../../lib/tensorflow/backend';
import { peerProgram } from './contestant';
import { table } from './tables';

interface Machine {
  /** FLOP/s. */
  readonly float32: number;
  readonly bfloat16: number;
  /** Bytes/s. */
  readonly bytes: number;
}

/** Of one picture, and of one step whatever its batch. */
interface Work {
  readonly flopsPerPicture: number;
  readonly bytesPerStep: number;
  readonly activationBytesPerPicture: number;
}

function measureMachine(threads: number): Machine {
  const [program, ...args] = peerProgram('roofline');
  return JSON.parse(execFileSync(program, [...args, String(threads)], { encoding: 'utf8' }));
}

/** Two FLOPs a product and sum: forward, the kernels' gradient, and the input's, which the first layer does without. */
function countWork(model: tf.LayersModel): Work {
  const layers = model.layers.filter((layer) => layer.countParams() > 0);
  const counts = layers.map((layer, index) => {
    const [kernel] = layer.getWeights();
    const [, ...outputShape] = layer.outputShape as number[];
    const places = outputShape.slice(0, -1).reduce((product, side) => product * side, 1);
    const passes = index === 0 ? 2 : 3;
    // Read forward, and back for the input's gradient; the gradient written and read; weight and both moments read and written.
    const accesses = passes - 1 + 2 + 6;
    return {
      flops: passes * 2 * kernel.size * places,
      bytes: accesses * 4 * layer.countParams(),
      // Written, read by the next layer and by its kernel's gradient; its own gradient written and read twice.
      activations: 6 * 4 * places * Number(outputShape.at(-1)),
    };
  });
  const sum = (of: (count: (typeof counts)[number]) => number) =>
    counts.reduce((total, count) => total + of(count), 0);
  return {
    flopsPerPicture: sum(({ flops }) => flops),
    bytesPerStep: sum(({ bytes }) => bytes),
    activationBytesPerPicture: sum(({ activations }) => activations),
  };
}

function main(): void {
  const threads = [...new Set([1, availableParallelism()])];
  const machines = threads.map(measureMachine);
  const giga = (value: number) => (value / 1e9).toFixed(0);
  const rows = machines.map(({ float32, bfloat16, bytes }, index) =>
    [threads[index], giga(float32), giga(bfloat16), giga(bytes)].map(String),
  );
  const heads = ['threads', 'float32, GFLOP/s', 'bfloat16, GFLOP/s', 'bandwidth, GB/s'];
  console.log(`${table(heads, rows)}\n`);

  const machine = machines[machines.length - 1];
  const models = { MLP: createMlp(), CNN: createCnn() };
  const steps = Object.entries(models).flatMap(([name, model]) => {
    const { flopsPerPicture, bytesPerStep, activationBytesPerPicture } = countWork(model);
    return [32, 128].flatMap((batch) =>
      (['float32', 'bfloat16'] as const).map((precision) => {
        const products = (batch * flopsPerPicture) / machine[precision];
        const weights = bytesPerStep / machine.bytes;
        // One after the other: while an optimizer moves slots, nothing is multiplied.
        const least = products + weights;
        return [
          `${name}, batch ${batch}, ${precision}`,
          ((batch * flopsPerPicture) / 1e9).toFixed(2),
          (bytesPerStep / 1e6).toFixed(0),
          ((batch * activationBytesPerPicture) / 1e6).toFixed(0),
          ...[products, weights, least].map((seconds) => (1e3 * seconds).toFixed(2)),
          (batch / least).toFixed(0),
        ];
      }),
    );
  });
  const columns = [
    'training step',
    'GFLOP',
    'MB of weights',
    'MB of activations',
    'ms of products',
    'ms of weights',
    'ms at least',
    'images/s at most',
  ];
  console.log(table(columns, steps));
  for (const model of Object.values(models)) model.dispose();
}

main();
