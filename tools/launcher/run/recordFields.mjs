// What the launcher relies on in run.json and launch.json. lib/experiments/runRecord.ts knows the whole of run.json; this
// runs before lib is built.

const text = ['a text', (value) => typeof value === 'string' && value !== ''];
const flag = ['true or false', (value) => typeof value === 'boolean'];
const count = ['a number above 0', (value) => Number.isSafeInteger(value) && value > 0];
const version = ['1 or 2, which this version reads', (value) => value === 1 || value === 2];
const fileName = ['a file name', (value) => text[1](value) && !/[\\/\0]/.test(value)];
const preset = ['"quick" or "full"', (value) => ['quick', 'full'].includes(value)];
const device = ['"cpu" or "gpu"', (value) => ['cpu', 'gpu'].includes(value)];
const seed = ['a whole number', Number.isSafeInteger];
const values = [
  'names with texts, numbers, true or false',
  (value) => isObject(value) && Object.values(value).every(isPrimitive),
];
const versions = [
  'names with texts',
  (value) => isObject(value) && Object.values(value).every((v) => v === null || text[1](v)),
];
const git = [
  'a commit',
  (value) => isObject(value) && text[1](value.commit) && flag[1](value.dirty),
];
const machine = ['a machine', (value) => isObject(value) && orAbsent(text)[1](value.cpu)];

/** Also right where the field is missing, or null. */
function orAbsent([expected, accepts]) {
  return [expected, (value) => value === undefined || value === null || accepts(value)];
}

const common = {
  schemaVersion: version,
  notebook: fileName,
  preset,
  versions,
  git: orAbsent(git),
  threads: orAbsent(count),
  machine: orAbsent(machine),
  device: orAbsent(device),
};
const fields = {
  'run.json': { ...common, parameters: values, seed },
  'launch.json': {
    ...common,
    values,
    data: orAbsent(text),
    weights: orAbsent(text),
    offline: orAbsent(flag),
    pid: count,
    start: orAbsent(text),
  },
};

/**
 * @param {unknown} record the parsed file; `undefined` where it is no JSON
 * @param {'run.json' | 'launch.json'} file
 * @returns {string | undefined} what is wrong with the first wrong field, in words that complete "it is no record: …"
 */
export function findWrongField(record, file) {
  if (!isObject(record)) return 'it is no JSON object';
  for (const [name, [expected, accepts]] of Object.entries(fields[file])) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (accepts(value)) continue;
    if (value === undefined) return `it has no "${name}"`;
    return `"${name}" should be ${expected}, and is ${shorten(JSON.stringify(value))}`;
  }
  return undefined;
}

function shorten(json) {
  return json.length > 60 ? `${json.slice(0, 57)}…` : json;
}

function isPrimitive(value) {
  return ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
