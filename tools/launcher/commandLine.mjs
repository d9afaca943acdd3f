// The small commands around runs and notebooks: names first or last, options anywhere, one form of help.
import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { helpText, parseOptions, refuseSwallowedOptions } from './options.mjs';
import { runProgram } from './runProgram.mjs';
import { Problem, printProblem, writeProblem } from './setup/problem.mjs';
import { inProject, root } from './setup/project.mjs';

/** Where the person stands: npm itself moves to the project's folder. */
export const userFolder = process.env.INIT_CWD ?? process.cwd();

/** Set where set-up is done and lib can be loaded. */
const READY = 'COMMAND_LIBRARY_READY';

const helpOption = { flag: '--help', key: 'help', help: 'show this table' };

/**
 * Runs a command: parses its arguments, sets up what is missing, and prints an error for a person.
 *
 * @param {{ command: string, usage: string, options: readonly object[], names?: { least: number, most: number } }} line
 *   `command`: as it is typed, "npm run share"; `names`: how many arguments without a flag it takes
 * @param {(parsed: { names: string[], [key: string]: any }) => Promise<void>} run
 */
export async function runCommandLine({ command, usage, options, names: limits }, run) {
  const all = [...options, helpOption];
  try {
    refuseSwallowedOptions(process.env, all, command);
    const { names, rest } = splitNames(process.argv.slice(2), all);
    const parsed = parseOptions(rest, all);
    if (parsed.help) {
      process.stdout.write(helpText(all, { width: process.stdout.columns, usage }));
      return;
    }
    if (limits && (names.length < limits.least || names.length > limits.most)) {
      throw new Problem(`${command} takes ${inWords(limits)}; received ${names.length}.`, {
        remedy: `${command} -- --help shows how.`,
      });
    }
    if (process.env[READY] === undefined) {
      // Set-up, then this very script once more, with TensorFlow's chatter taken out of its stderr.
      process.env[READY] = '1';
      const self = relative(root, process.argv[1]);
      process.exitCode = await runProgram(self, process.argv.slice(2));
      return;
    }
    await run({ ...parsed, names });
  } catch (error) {
    // What lib refuses says by itself what was expected and what to do: a stack would only hide it.
    const told = /^Expected /.test(error?.message ?? '') ? new Problem(error.message) : error;
    process.exitCode = printProblem(writeProblem(`write ${error?.path}`, error) ?? told);
  }
}

/**
 * Parts arguments without a flag from the options and their values.
 *
 * @param {readonly string[]} args
 * @param {readonly { flag: string, value?: string }[]} options
 */
export function splitNames(args, options) {
  const names = [];
  const rest = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index];
    if (!argument.startsWith('-')) {
      names.push(argument);
      continue;
    }
    rest.push(argument);
    const takesValue = options.some(({ flag, value }) => flag === argument && value);
    if (takesValue && index + 1 < args.length) rest.push(args[++index]);
  }
  return { names, rest };
}

/** A compiled file of lib: `fromLib('experiments/findRuns')`. Only after set-up. */
export function fromLib(name) {
  return createRequire(import.meta.url)(inProject('dist', `${name}.js`));
}

/** A path as the person would type it. */
export function shownPath(path) {
  const short = relative(userFolder, path);
  return short.startsWith('..') ? path : short || '.';
}

function inWords({ least, most }) {
  if (least === most) return most === 1 ? 'one name' : `${most} names`;
  return `${least} to ${most} names`;
}
