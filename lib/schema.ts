// Checks a value that came from a file, field by field: what a schema accepts has the type it claims,
// and what it refuses is named by its place, e.g. "models[0].testAccuracy".
import { describeValue } from './options';

/** Returns `value` as `T`, or throws naming `place`. */
export type Schema<T> = (value: unknown, place: string) => T;

/** A value of the wrong kind at a place of a document. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  constructor(place: string, expected: string, value: unknown) {
    const found = value === undefined ? 'nothing' : describeValue(value);
    super(`Expected ${place === '' ? 'the document' : place} to be ${expected} but found ${found}`);
  }
}

/** A value that `accepts`; `expected` completes "Expected … to be". */
function leaf<T>(expected: string, accepts: (value: unknown) => boolean): Schema<T> {
  return (value, place) => {
    if (!accepts(value)) throw new SchemaError(place, expected, value);
    return value as T;
  };
}

export const text: Schema<string> = leaf('a text', (v) => typeof v === 'string' && v !== '');
export const flag: Schema<boolean> = leaf('true or false', (v) => typeof v === 'boolean');
export const number: Schema<number> = leaf('a number', (v) => Number.isFinite(v));
export const integer: Schema<number> = leaf('an integer', (v) => Number.isSafeInteger(v));
export const count: Schema<number> = leaf(
  'an integer of 0 or more',
  (v) => Number.isSafeInteger(v) && (v as number) >= 0,
);
/** 0 and 1 included: an accuracy. */
export const fraction: Schema<number> = leaf(
  'a number from 0 to 1',
  (v) => Number.isFinite(v) && (v as number) >= 0 && (v as number) <= 1,
);
export const amount: Schema<number> = leaf(
  'a number of 0 or more',
  (v) => Number.isFinite(v) && (v as number) >= 0,
);
/** A moment as `Date.prototype.toISOString` writes it. */
export const timestamp: Schema<string> = leaf(
  'a time such as "2026-01-31T12:00:00.000Z"',
  (v) => typeof v === 'string' && /^\d{4}-\d\d-\d\dT/.test(v) && !Number.isNaN(Date.parse(v)),
);
/** What a parameter of a notebook can be. */
export const primitive: Schema<string | number | boolean> = leaf(
  'a text, a number, true or false',
  (v) => ['string', 'boolean'].includes(typeof v) || Number.isFinite(v),
);

/** Any JSON value; it is validated elsewhere. */
export const anything: Schema<unknown> = (value) => value;
/** An object whose fields are validated elsewhere. */
export const object: Schema<object> = leaf('an object', isObject);

export function oneOf<const T extends string | number>(...values: readonly T[]): Schema<T> {
  const expected = values.map((value) => JSON.stringify(value)).join(' or ');
  return leaf(expected, (v) => values.includes(v as T));
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return (value, place) => (value === null ? null : schema(value, place));
}

/** Like {@link nullable}; null too where the field is missing, as in records from before there was such a field. */
export function optional<T>(schema: Schema<T>): Schema<T | null> {
  return (value, place) => nullable(schema)(value ?? null, place);
}

export function listOf<T>(schema: Schema<T>): Schema<T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) throw new SchemaError(place, 'a list', value);
    return value.map((item, index) => schema(item, `${place}[${index}]`));
  };
}

/** A list of exactly one. */
export function single<T>(schema: Schema<T>): Schema<readonly [T]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length !== 1)
      throw new SchemaError(place, 'a list of one', value);
    return [schema(value[0], `${place}[0]`)];
  };
}

/** An object with any names, all values of one kind. */
export function recordOf<T>(schema: Schema<T>): Schema<Record<string, T>> {
  return (value, place) => {
    if (!isObject(value)) throw new SchemaError(place, 'an object', value);
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, schema(field, join(place, name))]),
    );
  };
}

/** An object with these fields; what else it carries is left out of the result. */
export function objectOf<T extends object>(fields: {
  readonly [Name in keyof T]-?: Schema<T[Name]>;
}): Schema<T> {
  return (value, place) => {
    if (!isObject(value)) throw new SchemaError(place, 'an object', value);
    const names = Object.keys(fields) as (keyof T & string)[];
    const entries = names.map((name) => [name, fields[name](value[name], join(place, name))]);
    return Object.fromEntries(entries) as T;
  };
}

/** Neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`;
}
