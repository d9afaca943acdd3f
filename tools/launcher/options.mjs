// The options of `npm start`: one table, from which the parser and the help are made.
import { suggest } from './nearMiss.mjs';
import { Problem } from './setup/problem.mjs';

/**
 * `key`: its name in the result. `value`: what stands behind it (none: a switch). `many`: may be repeated.
 * `parse`: turns the text into the value, or throws with what was expected.
 */
export const startOptions = [
  {
    flag: '--notebook',
    value: 'NAME',
    key: 'notebooks',
    many: true,
    help: 'run this notebook of notebooks/ (default: all of them)',
  },
  {
    flag: '--data',
    value: 'PATH',
    key: 'data',
    help: 'folder with the data set, or its archive (default: cache, download, generated sample)',
  },
  {
    flag: '--weights',
    value: 'PATH',
    key: 'weights',
    help: "Keras' MobileNetV2 weights: an .h5 file or a folder of them (default: cache, download, embedded)",
  },
  {
    flag: '--full',
    key: 'full',
    help: 'the whole recipe: all images, all epochs (default: quick, within minutes)',
  },
  { flag: '--offline', key: 'offline', help: 'touch no network, neither for set-up nor for data' },
  {
    flag: '--set',
    value: 'NAME=VALUE',
    key: 'assignments',
    many: true,
    help: "another value for one of the notebook's parameters",
  },
  {
    flag: '--seed',
    value: 'N',
    key: 'seed',
    parse: parseSeed,
    help: 'seed of every random choice; the same as --set seed=N',
  },
  {
    flag: '--again',
    value: 'RUN',
    key: 'again',
    help: 'do a complete run once more, from its record; says first what is different now',
  },
  {
    flag: '--resume',
    value: 'RUN',
    key: 'resume',
    help: 'finish a run that was interrupted or killed, or that failed, from its checkpoints',
  },
  {
    flag: '--out',
    value: 'DIR',
    key: 'out',
    help: "the folder in which the run's own folder is made (default: data/runs)",
  },
  {
    flag: '--device',
    value: 'cpu|gpu',
    key: 'device',
    parse: oneOf('cpu', 'gpu'),
    help: 'where to compute (default: gpu where an NVIDIA card is seen; gpu is untested)',
  },
  { flag: '--help', key: 'help', help: 'show this table' },
];

/**
 * Parses a command line.
 *
 * @param {readonly string[]} args without node and the script
 * @param {typeof startOptions} options
 * @returns {Record<string, any>} by key; a switch that is not there is false, a repeatable option an empty list
 * @throws {Problem} for anything unknown, missing, repeated or of the wrong form
 */
export function parseOptions(args, options = startOptions) {
  const result = {};
  for (const { key, value, many } of options) result[key] = many ? [] : value ? undefined : false;
  const rest = [...args];
  while (rest.length > 0) {
    const argument = rest.shift();
    const [name, attached] = splitArgument(argument === '-h' ? '--help' : argument);
    const option = options.find(({ flag }) => flag === name);
    if (!option) throw unknownArgument(argument, name, options);
    const { key, value, many, parse = (text) => text } = option;
    if (!value) {
      if (attached !== undefined)
        throw new Problem(`${name} takes no value; received "${attached}".`, {
          remedy: `Write ${name} alone.`,
        });
      result[key] = true;
      continue;
    }
    const text = attached ?? rest.shift();
    if (text === undefined || text === '' || options.some(({ flag }) => flag === text)) {
      throw new Problem(`${name} needs a value behind it: ${name} ${value}.`, {
        remedy: 'npm start -- --help lists all options.',
      });
    }
    if (many) result[key].push(parse(text, name));
    else if (result[key] !== undefined)
      throw new Problem(`${name} is given twice.`, { remedy: 'Keep one of them.' });
    else result[key] = parse(text, name);
  }
  return result;
}

const startUsage = 'npm start -- [options]\n\nSets up what is missing, then runs the notebooks.\n';

/** @returns {string} the table for `--help`. */
export function helpText(options = startOptions, { width = 100, usage = startUsage } = {}) {
  const names = options.map(({ flag, value }) => (value ? `${flag} ${value}` : flag));
  const column = Math.max(...names.map((name) => name.length)) + 2;
  const rows = options.map(({ help, many }, index) => {
    const text = many ? `${help}; repeatable` : help;
    const lines = wrap(text, Math.max(24, width - column - 2));
    return `  ${names[index].padEnd(column)}${lines.join(`\n${' '.repeat(column + 2)}`)}`;
  });
  return `${usage}\n${rows.join('\n')}\n`;
}

/**
 * `npm start --full` gives the option to npm, which takes it for a setting of its own; only behind `--` it is ours.
 *
 * @throws {Problem} where that happened
 */
export function refuseSwallowedOptions(
  env = process.env,
  options = startOptions,
  command = 'npm start',
) {
  // npm's own settings of the same name say nothing: somebody may have set them for good.
  const ambiguous = new Set(['--offline', '--help']);
  for (const { flag, value } of options) {
    // npm writes its settings' names with underscores.
    const taken = env[`npm_config_${flag.slice(2).replaceAll('-', '_')}`];
    if (taken === undefined || taken === '' || ambiguous.has(flag)) continue;
    const example = value && taken !== 'true' ? `${flag} ${taken}` : flag;
    throw new Problem(`npm took ${flag} for itself.`, {
      remedy: `Write -- before the options: ${command} -- ${example}`,
    });
  }
}

function splitArgument(argument) {
  const index = argument.indexOf('=');
  if (!argument.startsWith('--') || index < 0) return [argument, undefined];
  return [argument.slice(0, index), argument.slice(index + 1)];
}

function unknownArgument(argument, name, options) {
  const known = options.map(({ flag }) => flag);
  if (name.startsWith('-'))
    return new Problem(`Unknown option ${name}.`, { remedy: suggest(name, known) });
  return new Problem(`Unexpected argument "${argument}".`, {
    remedy: /^[\w$]+=/.test(argument)
      ? `Did you mean --set ${argument}?`
      : `Options begin with --: ${known.join(', ')}.`,
  });
}

/** For `parse`. @throws {Problem} for another text than these */
export function oneOf(...choices) {
  return (text, flag) => {
    if (choices.includes(text)) return text;
    throw new Problem(`${flag} takes ${choices.join(' or ')}; received "${text}".`, {
      remedy: `For example: ${flag}${flag.startsWith('-') ? ' ' : '='}${choices[0]}`,
    });
  };
}

function parseSeed(text, flag) {
  const seed = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new Problem(`${flag} takes a whole number; received "${text}".`, {
    remedy: `For example: ${flag} 42`,
  });
}

function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}
