// A notebook's parameters: read from its cell tagged `parameters`, checked, and overridden by a cell behind it.
import { suggest } from '../../../lib/nearMiss.cjs';
import { Problem } from '../program';
import { cellSource, hasTag, type Notebook, type NotebookCell } from '../../../lib/notebook';

const PARAMETERS_TAG = 'parameters';
const INJECTED_TAG = 'injected-parameters';

export type ParameterValue = string | number | boolean;
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

export interface Parameter {
  readonly name: string;
  /** As it is written in the cell. */
  readonly type: string;
  readonly value: ParameterValue;
}

/**
 * The parameters of a notebook; none where no cell is tagged `parameters`.
 *
 * @param where the notebook's name, for the error.
 * @throws {Problem} for a line that is no `const name: type = literal;`.
 */
export function readParameters(notebook: Notebook, where = 'the notebook'): Parameter[] {
  const cell = notebook.cells.find((candidate) => hasTag(candidate, PARAMETERS_TAG));
  return cell ? parseParameters(cellSource(cell), where) : [];
}

/** Whether a cell of the notebook is tagged `parameters`. */
export function hasParameters(notebook: Notebook): boolean {
  return notebook.cells.some((cell) => hasTag(cell, PARAMETERS_TAG));
}

/** Parses the text of a parameters cell: one `const name: type = literal;` a line, comments and empty lines between. */
export function parseParameters(source: string, where = 'the notebook'): Parameter[] {
  const parameters: Parameter[] = [];
  source.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(\/\/.*)?$/.test(line)) return;
    const match =
      /^\s*const\s+([A-Za-z_$][\w$]*)\s*:\s*([^=]+?)\s*=\s*(.+?)\s*;\s*(?:\/\/.*)?$/.exec(line);
    const value = match ? parseLiteral(match[3]) : undefined;
    if (match === null || value === undefined || !accepts(match[2], value)) {
      throw new Problem(
        `Line ${index + 1} of the parameters cell of ${where} cannot be read: ${line.trim()}`,
        {
          remedy:
            "Write one constant a line: const name: type = literal; with type number, string, boolean, or literals such as 'a' | 'b'.",
        },
      );
    }
    parameters.push({ name: match[1], type: match[2], value });
  });
  return parameters;
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

/**
 * A new notebook with a cell of other values behind the parameters cell. Cells of a tslab notebook may declare a name
 * again.
 */
export function injectParameters(notebook: Notebook, values: ParameterValues): Notebook {
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED_TAG));
  if (Object.keys(values).length === 0) return { ...notebook, cells };
  const parameters = readParameters(notebook);
  const lines = Object.entries(values).map(([name, value]) => {
    const { type } = findParameter(parameters, name);
    return `const ${name}: ${type} = ${JSON.stringify(value)};`;
  });
  const cell: NotebookCell = {
    cell_type: 'code',
    execution_count: null,
    ...((notebook.nbformat_minor ?? 0) >= 5 ? { id: INJECTED_TAG } : {}),
    metadata: { tags: [INJECTED_TAG] },
    outputs: [],
    source: ['// Values of this run: they replace those above.', ...lines].join('\n'),
  };
  const index = cells.findIndex((candidate) => hasTag(candidate, PARAMETERS_TAG));
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
