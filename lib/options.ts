/**
 * One way to refuse unknown options and impossible values, with the same words everywhere:
 * what was expected, what was received, what to do.
 *
 * @example
 *   checkOptions('trainModel', options, { epochs: required(positiveInteger), seed: seedInteger });
 *   // RangeError: Expected epochs to be an integer greater than 0 but received -1: pass trainModel
 *   // for example epochs: 10.
 */
import { nearMisses } from './nearMiss.cjs';

/** What one option accepts, and the words for it. `undefined` passes unless `required`. */
export interface OptionRule {
  /** Completes "Expected epochs to be …". */
  readonly expected: string;
  /** A value that would do, as it is written in code. */
  readonly example: string;
  readonly required?: boolean;
  readonly accepts: (value: unknown) => boolean;
}

/** One rule for each option of `T`: the compiler notices a forgotten one. */
export type OptionRules<T> = { readonly [Name in keyof T]-?: OptionRule };

/**
 * Refuses options that are unknown, missing or impossible.
 *
 * @param owner the function whose options these are, as the caller wrote it, e.g. `trainModel`.
 * @param options what the caller passed, before defaults are filled in.
 * @throws TypeError for an unknown option or a missing required one, RangeError for a value.
 */
export function checkOptions<T extends object>(
  owner: string,
  options: T,
  rules: OptionRules<T>,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Expected the options of ${owner} to be an object but received ${describeValue(options)}: ` +
        `pass for example {}.`,
    );
  }
  const known = Object.keys(rules) as (keyof T & string)[];
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(rules, name)) throw new TypeError(unknownName(owner, name, known));
  }
  for (const name of known) checkOption(owner, name, options[name], rules[name]);
}

/** Refuses one value; for positional arguments and for values that come from files or the command line. */
export function checkOption(owner: string, name: string, value: unknown, rule: OptionRule): void {
  if (value === undefined ? !rule.required : rule.accepts(value)) return;
  const Failure = value === undefined ? TypeError : RangeError;
  throw new Failure(
    `Expected ${name} to be ${rule.expected} but received ${describeValue(value)}: ` +
      `pass ${owner} for example ${name}: ${rule.example}.`,
  );
}

/** The message about a name that `owner` does not know, with the nearest one it does. */
function unknownName(owner: string, name: string, known: readonly string[]): string {
  const [nearest] = nearMisses(name, known);
  return (
    `Expected the options of ${owner} to be among ${known.join(', ')} but received "${name}": ` +
    (nearest === undefined ? 'remove it.' : `did you mean "${nearest}"?`)
  );
}

/** A value in a few words for an error message: `-1`, `"abc"`, `NaN`, `["top3"]`, `an array of 30`, `a Uint8Array`. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) {
    const isShort = value.length <= 4 && value.every((item) => /string|number/.test(typeof item));
    const json = JSON.stringify(value);
    return isShort && json.length <= 60 ? json : `an array of ${value.length}`;
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const type = value.constructor?.name ?? 'Object';
  return type === 'Object' ? 'an object' : `${/^[AEIO]/.test(type) ? 'an' : 'a'} ${type}`;
}

/** The same rule, but `undefined` is refused too. */
export function required(rule: OptionRule): OptionRule {
  return { ...rule, required: true };
}

export const positiveInteger = integerFrom(1, 10, 'an integer greater than 0');
export const nonNegativeInteger = integerFrom(0, 0, 'an integer of 0 or more');
/** Any safe integer: that is what JSON and the command line carry without loss. */
export const seedInteger = integerFrom(Number.MIN_SAFE_INTEGER, 42, 'an integer');
export const positiveNumber = rule('a number greater than 0', '0.001', (v) => isFinite(v) && v > 0);
export const nonNegativeNumber = rule('a number of 0 or more', '0', (v) => isFinite(v) && v >= 0);
/** 0 and 1 included, e.g. an opacity or a quantile. */
export const fraction = rule('a number from 0 to 1', '0.5', (v) => isFinite(v) && v >= 0 && v <= 1);
/** 0 included, 1 not, e.g. a dropout rate. */
export const fractionBelowOne = rule(
  'a number from 0 to below 1',
  '0.1',
  (v) => isFinite(v) && v >= 0 && v < 1,
);
/** Neither 0 nor 1, e.g. the share of a split. */
export const properFraction = rule(
  'a number between 0 and 1',
  '0.1',
  (v) => isFinite(v) && v > 0 && v < 1,
);
export const flag = rule('true or false', 'true', (v) => typeof v === 'boolean');
export const text = rule('a text that is not empty', '"name"', (v) => isText(v) && v.trim() !== '');
export const callback = rule('a function', '() => {}', (v) => typeof v === 'function');
export const abortSignal = rule(
  'an AbortSignal',
  'AbortSignal.timeout(60_000)',
  (v) => v instanceof AbortSignal,
);
/** For values that the compiler has checked and that have a check of their own, such as a data set. */
export const anyValue = rule('a value', 'undefined', () => true);

/** An integer of `minimum` or more. */
export function integerFrom(minimum: number, example = minimum, expected?: string): OptionRule {
  return rule(
    expected ?? `an integer of ${minimum} or more`,
    String(example),
    (v) => Number.isSafeInteger(v) && (v as number) >= minimum,
  );
}

/** One of a few texts, e.g. `oneOf('cpu', 'gpu')`. */
export function oneOf(...values: readonly string[]): OptionRule {
  const quoted = values.map((value) => `"${value}"`);
  const expected = quoted.length > 1 ? `one of ${quoted.join(', ')}` : `${quoted[0]}`;
  return rule(expected, `${quoted[0]}`, (v) => isText(v) && values.includes(v));
}

/** A list, not empty, of values that `item` accepts, each once. */
export function differentOf(item: OptionRule, what: string): OptionRule {
  return rule(
    `a list of different ${what}`,
    `[${item.example}]`,
    (v) =>
      Array.isArray(v) && v.length > 0 && v.every(item.accepts) && new Set(v).size === v.length,
  );
}

/** A rule of one's own: `expected` completes "Expected name to be …". */
export function rule(
  expected: string,
  example: string,
  accepts: (value: unknown) => boolean,
): OptionRule {
  return { expected, example, accepts };
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
