// npm run train-backbone: trains the embedded backbone anew, on pictures that this project draws. Resumable.
import { parseArgs } from 'node:util';
import { refuseSwallowedOptions } from './options.mjs';
import { Problem, printProblem } from './setup/problem.mjs';
import { runWithLibrary } from './withLibrary.mjs';

const HELP = `npm run train-backbone -- [options]

Draws pictures of 47 things that CIFAR-10 does not name, trains MobileNetV2 (alpha .35) on them, and writes its weights
without the top, with a record beside them. Stopped or killed, the same command goes on from its last checkpoint.

  --pictures N    training pictures to draw, 3 kB of memory each (default: 50000)
  --epochs N      (default: 8)
  --input-size N  height and width in the network, 32 to 224 pixels (default: 96)
  --batch-size N  (default: 64)
  --seed N        (default: 42)
  --out FILE      (default: data/embedded/mobilenet_v2_0.35_no_top.h5)
  --help          show this
`;

const DEFAULTS = { pictures: 50_000, epochs: 8, 'input-size': 96, 'batch-size': 64, seed: 42 };

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = printProblem(error);
}

async function main(args) {
  const flags = [...Object.keys(DEFAULTS), 'out'].map((name) => ({
    flag: `--${name}`,
    value: 'N',
  }));
  refuseSwallowedOptions(process.env, flags, 'npm run train-backbone');
  const values = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const numbers = Object.entries(DEFAULTS).map(([name, byDefault]) => {
    const value = values[name] === undefined ? byDefault : Number(values[name]);
    if (Number.isSafeInteger(value)) return [name, value];
    throw new Problem(`--${name} takes a whole number; received "${values[name]}".`, {
      remedy: `For example: --${name} ${byDefault}`,
    });
  });
  const request = { ...Object.fromEntries(numbers), out: values.out };
  return runWithLibrary('trainBackbone.mjs', [JSON.stringify(request)]);
}

function parse(args) {
  const text = { type: 'string' };
  const options = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, text]));
  try {
    return parseArgs({ args, options: { ...options, out: text, help: { type: 'boolean' } } })
      .values;
  } catch (error) {
    throw new Problem(error.message, {
      remedy: 'npm run train-backbone -- --help lists all options.',
    });
  }
}
