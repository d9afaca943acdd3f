// npm run predict -- picture.jpg [--model RUN|FOLDER]: what a saved model says of your pictures.
import { parseArgs } from 'node:util';
import { Problem, printProblem } from './setup/problem.mjs';
import { runProgram } from './runProgram.mjs';

const HELP = `npm run predict -- PICTURE… [--model PLACE] [--csv]

Says what is in pictures (jpg, png, webp, avif, gif, tiff): the class, its probability, and the five likeliest.

  PICTURE        a file; or a folder, whose pictures (folders in it too) come as CSV
  --model PLACE  a run (its folder or id: the best model of it) or a model's folder
                 (default: the best model of the latest run in data/runs)
  --csv          CSV for single pictures too
  --help         show this
`;

const OPTIONS = {
  model: { type: 'string' },
  csv: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = printProblem(error);
}

async function main(args) {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (process.env.npm_config_model || process.env.npm_config_csv) {
    throw new Problem('npm took an option for itself.', {
      remedy: 'Write -- before all of them: npm run predict -- picture.jpg --model FOLDER',
    });
  }
  if (positionals.length === 0) {
    throw new Problem('No picture was named.', {
      remedy: 'For example: npm run predict -- picture.jpg',
    });
  }
  const request = { pictures: positionals, model: values.model, csv: values.csv ?? false };
  return runProgram('tools/launcher/workers/predict.mjs', [JSON.stringify(request)]);
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Problem(error.message, { remedy: 'npm run predict -- --help lists all options.' });
  }
}
