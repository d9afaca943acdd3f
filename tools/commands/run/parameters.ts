// A notebook's parameters: read from its cell tagged `parameters`, checked, and overridden by a cell behind it.
import { suggest } from '../../../lib/nearMiss.cjs';
import { Problem } from '../program';
import type { ParameterValue } from '../../../lib/runs/parameters';
import { cellSource, hasTag, type Notebook, type NotebookCell } from '../../../lib/notebook';

const PARAMETERS_TAG = 'parameters';
const INJECTED_TAG = 'injected-parameters';

export type { ParameterValue };
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

export interface Parameter {
  readonly name: string;
  /** `number`, `string`, `boolean`, or the literals behind `as`. */
  readonly type: string;
  readonly value: ParameterValue;
}

/**
 * The parameters of a notebook; none where no cell is tagged `parameters`.
 *
 * @param where the notebook's name, for the error.
 * @throws {Problem} for a line that cannot be read.
 */
export function readParameters(notebook: Notebook, where = 'the notebook'): Parameter[] {
  const cell = notebook.cells.find((candidate) => hasTag(candidate, PARAMETERS_TAG));
  return cell ? parseParameters(cellSource(cell), where) : [];
}

/** Whether a cell of the notebook is tagged `parameters`. */
export function hasParameters(notebook: Notebook): boolean {
  return notebook.cells.some((cell) => hasTag(cell, PARAMETERS_TAG));
}

/** The cell's first line; its last is `});`. */
const FIRST_LINE =
  /^\s*const\s+([A-Za-z_$][\w$]*)\s*=\s*((?:[A-Za-z_$][\w$]*\.)?parameters)\(\{\s*$/;
/** `name: literal,` or `name: literal as 'a' | 'b',`, and a comment. */
const PARAMETER_LINE =
  /^\s*([A-Za-z_$][\w$]*)\s*:\s*((["'`])(?:\\.|(?!\3)[^\\])*\3|[^\s"'`,]+)(?:\s+as\s+(.+?))?\s*,\s*(?:\/\/.*)?$/;
const isEmpty = (line: string): boolean => /^\s*(\/\/.*)?$/.test(line);

/**
 * Parses the text of a parameters cell: `const p = ml.parameters({`, then one `name: literal,` a line, comments and empty
 * lines between, then `});`.
 */
export function parseParameters(source: string, where = 'the notebook'): Parameter[] {
  const lines = source.split(/\r?\n/).map((text, index) => ({ text, number: index + 1 }));
  const written = lines.filter(({ text }) => !isEmpty(text));
  const [first, last] = [written.at(0), written.at(-1)];
  if (!first || !FIRST_LINE.test(first.text)) throw unreadable(first ?? lines[0], where);
  if (!last || !/^\s*\}\);?\s*$/.test(last.text)) throw unreadable(last ?? lines[0], where);
  return written.slice(1, -1).map((line): Parameter => {
    const [, name, literal, , declared] = PARAMETER_LINE.exec(line.text) ?? [];
    const value = literal === undefined ? undefined : parseLiteral(literal);
    const type = declared ?? typeof value;
    if (value === undefined || !accepts(type, value)) throw unreadable(line, where);
    return { name, type, value };
  });
}

function unreadable(line: { readonly text: string; readonly number: number }, where: string) {
  return new Problem(
    `Line ${line.number} of the parameters cell of ${where} cannot be read: ${line.text.trim()}`,
    {
      remedy:
        'Write const p = ml.parameters({ and then one parameter a line: name: literal, with a number, a text, true or ' +
        "false; what takes one of a few texts: name: 'a' as 'a' | 'b',",
    },
  );
}

/**
 * Turns `NAME=VALUE` texts into typed values.
 *
 * @param parameters what the notebook declares.
 * @throws {Problem} for an unknown name, a name twice, or a value of another type.
 */
export function parseAssignments(
  parameters: readonly Parameter[],
  assignments: readonly string[],
): ParameterValues {
  const values: Record<string, ParameterValue> = {};
  for (const assignment of assignments) {
    const { name, text } = splitAssignment(assignment);
    if (name in values) {
      throw new Problem(`The parameter ${name} is set twice.`, { remedy: `Keep one of them.` });
    }
    const parameter = findParameter(parameters, name);
    values[name] = parseValue(parameter, text);
  }
  return values;
}

/** The two sides of `NAME=VALUE`. */
export function splitAssignment(assignment: string): { name: string; text: string } {
  const match = /^\s*([^=\s]+)\s*=(.*)$/s.exec(assignment);
  if (match) return { name: match[1], text: match[2] };
  throw new Problem(`Expected NAME=VALUE behind --set but received "${assignment}".`, {
    remedy: 'For example: --set epochs=3',
  });
}

/** Checks values that came from a preset. @throws {Problem} like `parseAssignments`. */
export function checkValues(
  parameters: readonly Parameter[],
  values: ParameterValues,
  where: string,
): ParameterValues {
  for (const [name, value] of Object.entries(values)) {
    const { type } = findParameter(parameters, name, ` (${where})`);
    if (!accepts(type, value)) throw wrongValue(name, type, JSON.stringify(value), where);
  }
  return values;
}

/** A new notebook with a cell behind the parameters cell that declares the same value with other parameters. */
export function injectParameters(notebook: Notebook, values: ParameterValues): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED_TAG));
  if (Object.keys(values).length === 0) return { ...notebook, cells };
  const index = cells.findIndex((candidate) => hasTag(candidate, PARAMETERS_TAG));
  const parameters = readParameters(notebook);
  for (const name of Object.keys(values)) findParameter(parameters, name);
  const lines = parameters.map(({ name, type, value }) => {
    const literal = JSON.stringify(values[name] ?? value);
    const choice = ['number', 'string', 'boolean'].includes(type) ? '' : ` as ${type}`;
    return `  ${name}: ${literal}${choice},${(values[name] ?? value) === value ? '' : ' // changed'}`;
  });
  const declaration = cellSource(cells[index])
    .split(/\r?\n/)
    .find((line) => !isEmpty(line));
  const cell: NotebookCell = {
    cell_type: 'code',
    execution_count: null,
    ...((notebook.nbformat_minor ?? 0) >= 5 ? { id: INJECTED_TAG } : {}),
    metadata: { tags: [INJECTED_TAG] },
    outputs: [],
    source: [
      '// Values of this run: they replace those above.',
      declaration?.trim() ?? '',
      ...lines,
      '});',
    ].join('\n'),
  };
  return { ...notebook, cells: [...cells.slice(0, index + 1), cell, ...cells.slice(index + 1)] };
}

function findParameter(parameters: readonly Parameter[], name: string, where = ''): Parameter {
  const parameter = parameters.find((candidate) => candidate.name === name);
  if (parameter) return parameter;
  const known = parameters.map((candidate) => candidate.name);
  throw new Problem(`There is no parameter ${name}${where}.`, { remedy: suggest(name, known) });
}

function parseValue({ name, type }: Parameter, text: string): ParameterValue {
  const trimmed = text.trim();
  const candidates = [
    parseNumber(trimmed),
    trimmed === 'true' || (trimmed === 'false' ? false : undefined),
    text, // as it is: it may be a path
    trimmed,
    parseLiteral(trimmed),
  ];
  const value = candidates.find((candidate) => candidate !== undefined && accepts(type, candidate));
  if (value === undefined) throw wrongValue(name, type, trimmed === '' ? 'nothing' : trimmed);
  return value;
}

function wrongValue(
  name: string,
  type: string,
  received: string,
  where = `--set ${name}=…`,
): Problem {
  const words: Record<string, string> = {
    number: 'a finite number',
    boolean: 'true or false',
    string: 'a text',
  };
  const expected = words[type] ?? type;
  return new Problem(`The parameter ${name} takes ${expected}; received ${received}.`, {
    remedy: `Correct ${where}.`,
  });
}

/** Whether a value fits a type: number, string, boolean, or literals joined by `|`. */
function accepts(type: string, value: ParameterValue): boolean {
  return type.split('|').some((part) => {
    const name = part.trim();
    if (name === 'number') return typeof value === 'number' && Number.isFinite(value);
    if (name === 'string' || name === 'boolean') return typeof value === name;
    return parseLiteral(name) === value;
  });
}

function parseLiteral(text: string): ParameterValue | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  const quoted = /^(['"`])((?:\\.|(?!\1)[^\\])*)\1$/s.exec(text);
  if (quoted && !(quoted[1] === '`' && quoted[2].includes('${'))) {
    return quoted[2].replace(
      /\\(.)/gs,
      (_, character: string) => ({ n: '\n', t: '\t' })[character] ?? character,
    );
  }
  return parseNumber(text);
}

/** Numbers as TypeScript writes them in decimal: 3, -0.5, 1e-3, 5_000. */
function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : undefined;
}
