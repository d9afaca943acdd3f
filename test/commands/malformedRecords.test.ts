// Records that somebody or something has spoilt: the launcher refuses them with words, never with a stack.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRng } from '../../lib/random';
import {
  currentState,
  differences,
  newParameters,
  planAgain,
  planResume,
} from '../../tools/commands/run/earlierRun';
import { readNotebook } from '../../tools/commands/run/notebookFile';
import { Problem } from '../../tools/launcher/problem.cjs';
import { inProject } from '../../tools/launcher/setup/project.mjs';
import { sharedFolder } from '../temporaryFolder';
import { sampleVersions } from '../runs/sampleRecord';

const parent = sharedFolder();

/** A record that a notebook wrote; of the models' epochs one is enough to damage. */
const record = JSON.parse(readFileSync(inProject('docs/records/using-cifar.json'), 'utf8')) as {
  models: { history: object[] }[];
};
const [model] = record.models;
const examples = {
  'run.json': {
    ...record,
    parameters: { epochs: 2, dataSource: 'sample' },
    seed: 7,
    models: [{ ...model, history: model.history.slice(0, 1) }],
  },
  'launch.json': {
    schemaVersion: 1,
    notebook: 'using-cifar',
    preset: 'quick',
    values: { epochs: 3 },
    data: '/pictures',
    weights: null,
    offline: true,
    device: 'cpu',
    // Above every system's limit (Linux: 4,194,304): no process has that number.
    pid: 2 ** 24,
    start: null,
    git: { commit: 'a'.repeat(40), dirty: false },
    threads: 2,
    versions: sampleVersions,
    machine: { cpu: 'a processor' },
  },
};
type File = keyof typeof examples;
// Git is asked once, the notebook is read once: there are hundreds of records.
const now = currentState();
const notebook = readNotebook('using-cifar');
const readOnce = (name: string) => (name === 'using-cifar' ? notebook : readNotebook(name));
const plans = { 'run.json': planAgain, 'launch.json': planResume };

const wrongValues = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  '',
  'x',
  '../x',
  '\0',
  [],
  [7],
  {},
  { a: [] },
];

/** The example with each of its values, also the inner ones, replaced by each of the wrong ones. */
function* replacedValues(value: object, rebuild = (inner: unknown) => inner): Generator<string> {
  for (const [name, inner] of Object.entries(value)) {
    const put = (replacement: unknown) => rebuild({ ...value, [name]: replacement });
    for (const wrong of wrongValues) yield JSON.stringify(put(wrong));
    if (typeof inner === 'object' && inner !== null) yield* replacedValues(inner as object, put);
  }
}

/** Cut off anywhere, or with a few bytes of something else. */
function* damagedTexts(text: string): Generator<string> {
  const rng = createRng(5, 'damaged records');
  for (let count = 0; count < 60; count++) yield text.slice(0, rng.nextInt(text.length));
  for (let count = 0; count < 60; count++) {
    const bytes = Buffer.from(text);
    for (let flips = 0; flips < 4; flips++) bytes[rng.nextInt(bytes.length)] = rng.nextInt(256);
    yield bytes.toString('latin1');
  }
  yield* [
    '',
    ' ',
    'null',
    '7',
    '"run"',
    '[]',
    '{}',
    `${text}${text}`,
    '{"__proto__":{"preset":"quick"}}',
  ];
}

for (const file of ['run.json', 'launch.json'] as const) {
  test(`hundreds of malformed ${file}: each is read, or refused with a reason and a remedy`, (context) => {
    const directory = join(parent, file);
    mkdirSync(directory);
    const example = examples[file];
    const texts = [...replacedValues(example), ...damagedTexts(JSON.stringify(example))];
    let refused = 0;
    for (const text of texts) {
      writeFileSync(join(directory, file), text);
      try {
        const plan = plans[file](directory, readOnce);
        const lines = [
          ...(plan.earlier ? differences(plan.earlier, now) : []),
          ...newParameters({ ...plan, repeats: directory }),
        ];
        assert.ok(
          lines.every((line) => !/undefined|NaN|object Object/.test(line)),
          lines.join(' '),
        );
      } catch (error) {
        assert.ok(error instanceof Problem, `${text}\n${(error as Error).stack}`);
        assert.ok(error.remedy, text);
        refused++;
      }
    }
    context.diagnostic(`${refused} of ${texts.length} refused`);
    assert.ok(refused > 200, `${refused} refused`);
  });
}

test('a launch.json that is spoilt is no reason to repeat a run on other data unheard', () => {
  const directory = join(parent, 'spoilt-launch');
  mkdirSync(directory);
  writeFileSync(join(directory, 'run.json'), JSON.stringify(examples['run.json']));
  writeFileSync(join(directory, 'launch.json'), '{"data":');
  assert.throws(() => planAgain(directory, readNotebook), /launch\.json is no record of a run/);
});

/** `npm start` in a process of its own; what it is given here never gets as far as a notebook. */
function start(...args: string[]): Promise<{ code: number; output: string }> {
  const script = inProject('tools', 'launcher', 'command.mjs');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, 'start', ...args, '--out', parent],
      (error, stdout, stderr) => {
        resolve({ code: Number(error?.code ?? 0), output: stdout + stderr });
      },
    );
  });
}

function writeRun(name: string, file: File, content: string): string {
  mkdirSync(join(parent, name));
  writeFileSync(join(parent, name, file), content);
  return name;
}

const calls: Record<string, { args: string[]; message: RegExp }> = {
  'a record of another version': {
    args: [
      '--again',
      writeRun('v3', 'run.json', JSON.stringify({ ...examples['run.json'], schemaVersion: 3 })),
    ],
    message: /Expected schemaVersion to be 2 but found 3/,
  },
  'half a record': {
    args: ['--again', writeRun('half', 'run.json', '{"schemaVersion":1,')],
    message: /run\.json is no record of a run\. /,
  },
  'a parameter of another type': {
    args: [
      '--again',
      writeRun(
        'type',
        'run.json',
        JSON.stringify({ ...examples['run.json'], parameters: { epochs: 'many' } }),
      ),
    ],
    message: /The parameter epochs takes a finite number; received "many"/,
  },
  'half a launch': {
    args: ['--resume', writeRun('launch', 'launch.json', '{')],
    message: /launch\.json is no record of a run/,
  },
  'a run that is not there': {
    args: ['--resume', 'hlaf'],
    message: /found none for "hlaf": did you mean half/,
  },
  'an option beside it': {
    args: ['--again', 'half', '--seed', '3'],
    message: /takes everything from the earlier run, so --seed has no place/,
  },
  'an unknown parameter': {
    args: ['--set', 'epoch=3'],
    message: /no parameter epoch\..*Did you mean epochs/s,
  },
  'a parameter of a wrong type': {
    args: ['--set', 'epochs=three'],
    message: /The parameter epochs takes a finite number; received three/,
  },
};

test('the command refuses each before anything runs: exit code 1, words, no stack', async () => {
  for (const [name, { args, message }] of Object.entries(calls)) {
    const { code, output } = await start(...args);
    assert.equal(code, 1, `${name}: ${output}`);
    assert.match(output, message, name);
    assert.match(output, /^Error: (Expected .*: |.*^Remedy: )/ms, name);
    assert.doesNotMatch(output, /^\s+at /m, name);
  }
});
