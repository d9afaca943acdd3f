// Command lines: read by Node's own parseArgs, refused with a remedy, and explained by --help, from one table.
import { parseArgs } from 'node:util';
import { nearMisses, suggest } from '../../lib/nearMiss.cjs';
import { Problem, wrapText } from './problem.cjs';

/**
 * @typedef {object} Option
 * @property {string} flag e.g. `--with-pictures`
 * @property {string} key its name in the result
 * @property {string} help
 * @property {string} [value] what stands behind it, for the help; none: a switch
 * @property {boolean} [many] may be repeated
 * @property {(text: string, flag: string) => unknown} [parse] turns the text into the value, or throws with what was
 *   expected
 *
 * @typedef {object} Command
 * @property {string} command as it is typed: `npm run share`
 * @property {string} usage the text above the table of --help
 * @property {readonly Option[]} options
 * @property {() => readonly string[]} [settable] names that `--set NAME=VALUE` takes
 * @property {{ what: string, least?: number, most?: number, example: string }} [names] arguments without a flag
 * @property {string} [passesOn] the program that gets everything that is none of these options
 */

/** @type {Option} */
const helpOption = { flag: '--help', key: 'help', help: 'show this table' };

/**
 * Reads a command line.
 *
 * @param {readonly string[]} args without node and the program
 * @param {Command} command
 * @returns {Record<string, any>} by key, where it is given; a switch that is not is false, a repeatable option an empty
 *   list; `names`: the arguments without a flag; `rest`: what is passed on, as it stood
 * @throws {Problem} for anything unknown, missing, repeated or of the wrong form
 */
export function parseOptions(args, command) {
  const options = [...command.options, helpOption];
  const { tokens } = parseArgs({
    args: args.map((each) => (each === '-h' ? '--help' : each)),
    options: Object.fromEntries(
      options.map(({ flag, value }) => [flag.slice(2), { type: value ? 'string' : 'boolean' }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const result = { names: [] };
  for (const { key, value, many } of options) {
    if (many) result[key] = [];
    else if (!value) result[key] = false;
  }
  const own = ({ rawName }) => options.some(({ flag }) => flag === rawName);
  if (command.passesOn) result.rest = withoutTokens(args, tokens.filter(own));
  for (const token of tokens) {
    if (command.passesOn && !own(token)) continue;
    if (token.kind === 'positional') result.names.push(token.value);
    if (token.kind === 'option') take(token, { options, command, args }, result);
  }
  if (!result.help) checkNames(result.names, command);
  return result;
}

/** The arguments that belong to none of these options: neither the flag nor a value behind it. */
function withoutTokens(args, tokens) {
  const taken = tokens.flatMap(({ index, value, inlineValue }) =>
    value === undefined || inlineValue ? [index] : [index, index + 1],
  );
  return args.filter((_, index) => !taken.includes(index));
}

function take(token, { options, command, args }, result) {
  const { rawName: name, value: text, inlineValue: isAttached } = token;
  const option = options.find(({ flag }) => flag === name);
  if (!option) {
    const value = text ?? args[token.index + 1];
    throw new Problem(`Unknown option ${name}.`, {
      remedy: suggestOption(name, { options, command, value }),
    });
  }
  const { key, value, many, parse = (given) => given } = option;
  if (!value) {
    if (isAttached)
      throw new Problem(`${name} takes no value; received "${text}".`, {
        remedy: `Write ${name} alone.`,
      });
    result[key] = true;
    return;
  }
  if (!text || (!isAttached && options.some(({ flag }) => flag === text.split('=')[0])))
    throw new Problem(`${name} needs a value behind it: ${name} ${value}.`, {
      remedy: '--help lists all options.',
    });
  if (many) result[key].push(parse(text, name));
  else if (result[key] !== undefined)
    throw new Problem(`${name} is given twice.`, { remedy: 'Keep one of them.' });
  else result[key] = parse(text, name);
}

/** A flag that was meant, or `--set` for a parameter that was. */
function suggestOption(name, { options, command, value }) {
  const flags = options.map(({ flag }) => flag);
  const isValue = value !== undefined && !flags.includes(value.split('=')[0]);
  const near =
    nearMisses(name, flags).length > 0 ? [] : nearMisses(name, command.settable?.() ?? []);
  if (near.length === 0) return suggest(name, flags);
  const assigned = near.map((parameter) => `--set ${parameter}=${isValue ? value : '…'}`);
  return `Did you mean ${assigned.join(' or ')}?`;
}

function checkNames(names, { command, options, names: limits }) {
  if (!limits && names.length > 0) {
    const canSet = options.some(({ flag }) => flag === '--set');
    const flags = options.map(({ flag }) => flag).join(', ');
    throw new Problem(`Unexpected argument "${names[0]}".`, {
      remedy:
        canSet && /^[\w$]+=/.test(names[0])
          ? `Did you mean --set ${names[0]}?`
          : `Options begin with --: ${flags}.`,
    });
  }
  if (!limits) return;
  const { what, least = 0, most = Infinity, example } = limits;
  if (names.length >= least && names.length <= most) return;
  const expected = most === least ? 'one' : `${least} or more`;
  throw new Problem(`${command} takes ${expected} ${what}; received ${names.length}.`, {
    remedy: `For example: ${example}`,
  });
}

/**
 * The table for `--help`.
 *
 * @param {Command} command
 * @returns {string}
 */
export function helpText({ usage, options }, { width = 100 } = {}) {
  const all = [...options, helpOption];
  const heads = all.map(({ flag, value }) => (value ? `${flag} ${value}` : flag));
  const column = Math.max(...heads.map((head) => head.length)) + 2;
  const rows = all.map(({ help, many }, index) => {
    const room = Math.max(24, width - column - 2);
    const lines = wrapText(many ? `${help}; repeatable` : help, room).split('\n');
    return `  ${heads[index].padEnd(column)}${lines.join(`\n${' '.repeat(column + 2)}`)}`;
  });
  return `${wrapText(usage, width)}\n${rows.join('\n')}\n`;
}

/**
 * `npm start --full` passes the option to npm, which treats it as its own; only options after `--` reach this program.
 *
 * @param {Command} command
 * @throws {Problem} where that happened
 */
export function refuseSwallowedOptions({ command, options }, env = process.env) {
  for (const { flag, value } of options) {
    // npm writes its settings' names with underscores. One of the same name tells nothing: it may be npm's own.
    const taken = env[`npm_config_${flag.slice(2).replaceAll('-', '_')}`];
    if (taken === undefined || taken === '' || flag === '--offline') continue;
    const example = value && taken !== 'true' ? `${flag} ${taken}` : flag;
    throw new Problem(`npm took ${flag} for itself.`, {
      remedy: `Write -- before the options: ${command} -- ${example}`,
    });
  }
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

/**
 * For `parse`: a number.
 *
 * @param {{ whole?: boolean, above?: number, most?: number, example: number }} limits `above`: excluded
 */
export function numberOption({ whole = false, above = -Infinity, most = Infinity, example }) {
  return (text, flag) => {
    const value = text.trim() === '' ? NaN : Number(text);
    const isFine = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (isFine && value > above && value <= most) return value;
    const words = [
      `a ${whole ? 'whole ' : ''}number`,
      ...(above > -Infinity ? [`above ${above}`] : []),
      ...(most < Infinity ? [`up to ${most}`] : []),
    ];
    throw new Problem(`${flag} takes ${words.join(' ')}; received "${text}".`, {
      remedy: `For example: ${flag} ${example}`,
    });
  };
}
