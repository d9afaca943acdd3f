// A sweep on a real Slurm: a controller and two nodes on this machine, one of which fails in the middle of a row. Needs root, and
// Debian's slurm-wlm and munge (apt-get install -y slurm-wlm munge); about three minutes.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { loadRun } from '../../lib/runs/runFolder';
import { openSweep, rowFolder, type Sweep } from '../../tools/commands/sweep/plan';
import { rowStates } from '../../tools/commands/sweep/status';
import { runCommand } from '../commands/runCommand';
import { sharedFolder } from '../temporaryFolder';
import { about, kill, parentOf, processes, until } from './processes';
import { writeTinyNotebook } from './tinyNotebook';

const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'scontrol'];
const missing = PROGRAMS.filter((name) => spawnSync('which', [name]).status !== 0);
const skip =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'slurmd wants root, on Linux'
    : missing.length > 0 && `not installed: ${missing.join(', ')}`;

const folder = sharedFolder();
const env = { SLURM_CONF: join(folder, 'slurm.conf'), TF_NUM_INTRAOP_THREADS: '1' };
const daemons = new Map<string, ChildProcess>();

/** Starts a daemon in the foreground, to be ended with the test; in a group of its own, as it is as a service. */
function startDaemon(name: string, command: string, ...args: readonly string[]): void {
  const options = { env: { ...process.env, ...env }, stdio: 'ignore', detached: true } as const;
  const child = spawn(command, args, options);
  daemons.set(name, child);
}

async function slurm(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, ...env } });
  return stdout;
}

before(async () => {
  if (skip) return;
  const socket = join(folder, 'munge.socket');
  writeFileSync(join(folder, 'munge.key'), Buffer.alloc(128, 7), { mode: 0o400 });
  for (const name of ['state', 'n1', 'n2']) mkdirSync(join(folder, name));
  const node = (name: string, port: number) =>
    `NodeName=${name} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=1 RealMemory=4000`;
  const settings = [
    'ClusterName=test',
    `SlurmctldHost=${hostname()}(127.0.0.1)`,
    'SlurmctldPort=17000',
    'SlurmUser=root',
    'AuthType=auth/munge',
    `AuthInfo=socket=${socket}`,
    `StateSaveLocation=${join(folder, 'state')}`,
    `SlurmdSpoolDir=${join(folder, '%n')}`,
    `SlurmctldPidFile=${join(folder, 'slurmctld.pid')}`,
    `SlurmdPidFile=${join(folder, '%n.pid')}`,
    `SlurmctldLogFile=${join(folder, 'slurmctld.log')}`,
    `SlurmdLogFile=${join(folder, '%n.log')}`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core',
    'ReturnToService=2',
    'SlurmdTimeout=10',
    'MpiDefault=none',
    // Each row in an array of its own.
    'MaxArraySize=1',
    node('n1', 17001),
    node('n2', 17002),
    'PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP',
  ];
  writeFileSync(env.SLURM_CONF, `${settings.join('\n')}\n`);
  const files = ['pid', 'log', 'seed'].map(
    (kind) => `--${kind}-file=${join(folder, `munge.${kind}`)}`,
  );
  const key = `--key-file=${join(folder, 'munge.key')}`;
  startDaemon('munged', 'munged', '-F', '--force', `--socket=${socket}`, key, ...files);
  startDaemon('slurmctld', 'slurmctld', '-D');
  for (const name of ['n1', 'n2']) startDaemon(name, 'slurmd', '-D', '-N', name);
  const areIdle = async () =>
    /^idle\s+2$/m.test(await slurm('sinfo', '-h', '-o', '%T %D').catch(() => ''));
  await until('both nodes are idle', areIdle, 60);
});

after(() => {
  for (const child of [...daemons.values()].reverse()) kill(child.pid ?? 0);
});

/** As a power cut: first the supervisors of its tasks, which outlive their slurmd, then everything else. */
function cutPower(node: string): void {
  const tasks = processes().filter((pid) => {
    const environment = about(pid, 'environ');
    return environment.includes(`SLURMD_NODENAME=${node}\0`) && environment.includes(folder);
  });
  const parents = new Set(tasks.map(parentOf));
  const supervisors = [...parents].filter((pid) => about(pid, 'comm').startsWith('slurmstepd'));
  for (const pid of [...supervisors, daemons.get(node)?.pid ?? 0]) kill(pid);
}

/** Writes a plan and makes its sweep; nothing runs. */
async function makeSweep(name: string, seeds: readonly number[]): Promise<Sweep> {
  writeTinyNotebook(folder);
  const plan = join(folder, `${name}.yaml`);
  const slurmOptions = '[--mem=500M, --cpus-per-task=1]';
  writeFileSync(plan, `notebook: tiny.ipynb\nseeds: [${seeds.join()}]\nslurm: ${slurmOptions}\n`);
  const { code, stderr } = await sweepCommand(plan, '--status', '--out', join(folder, name));
  assert.equal(code, 0, stderr);
  return openSweep(join(folder, name));
}

const sweepCommand = (place: string, ...options: readonly string[]) =>
  runCommand(folder, ['sweep', place, '--offline', ...options], env);

const states = (sweep: Sweep) => rowStates(sweep).map(({ state }) => state);

function events(sweep: Sweep, row: number): { event: string; state?: string; epoch?: number }[] {
  const file = join(rowFolder(sweep, sweep.rows[row]), 'progress.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line));
}

const isInEpoch = (sweep: Sweep, row: number, wanted: number) =>
  events(sweep, row).some(({ event, epoch }) => event === 'step' && epoch === wanted);

/** The figures of every epoch, without those that are times. */
async function curve(sweep: Sweep, row: number) {
  const { models } = await loadRun(rowFolder(sweep, sweep.rows[row]));
  return models.map(({ history }) =>
    history.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures),
  );
}

test(
  'all rows are done, one of them on a node that failed, with the curves of runs left alone',
  { skip },
  async () => {
    const alone = await makeSweep('alone', [1, 2]);
    const local = await sweepCommand(alone.folder, '--jobs', '2');
    assert.equal(local.code, 0, local.stdout + local.stderr);

    const sweep = await makeSweep('array', [1, 2]);
    const { code, stdout, stderr } = await sweepCommand(sweep.folder, '--engine', 'slurm');
    assert.equal(code, 0, stderr);
    const jobs = /2 runs to do.*\nSlurm has it as jobs (\d+), \d+; to cancel: npm run sweep/.exec(
      stdout,
    );
    const twice = await sweepCommand(sweep.folder, '--engine', 'slurm');
    assert.match(twice.stdout, /^2 of them are in Slurm's queue already$/m);
    assert.doesNotMatch(twice.stdout, /Slurm has it/);
    await until('a row is in its second epoch', () => isInEpoch(sweep, 0, 2));

    const failing = await slurm('squeue', '-h', '-j', jobs?.[1] ?? '', '-o', '%N');
    cutPower(failing.trim());
    await until('its row is stopped', () => states(sweep)[0] === 'stopped', 20);

    await until('all rows are done', () => states(sweep).every((state) => state === 'done'));
    const starts = [0, 1].map((row) =>
      events(sweep, row).filter(({ state, event }) => event === 'row' && state === 'start'),
    );
    assert.deepEqual(
      starts.map(({ length }) => length),
      [2, 1],
    );
    for (const row of [0, 1]) {
      const ends = events(sweep, row).filter(
        ({ state, event }) => event === 'row' && state === 'done',
      );
      assert.equal(ends.length, 1, 'no row twice');
      assert.deepEqual(await curve(sweep, row), await curve(alone, row));
    }
    const again = await sweepCommand(sweep.folder, '--engine', 'slurm');
    assert.match(again.stdout, /^2 done of 2 rows/);
    const compared = await runCommand(folder, ['compare', sweep.folder, '--out', 'comparison']);
    assert.match(compared.stdout, / ± /);
  },
);

test(
  'before its time is up a row ends with a checkpoint and is queued again; cancelled it can be resumed',
  { skip },
  async () => {
    const sweep = await makeSweep('hindered', [5]);
    const { stdout } = await sweepCommand(sweep.folder, '--engine', 'slurm');
    const job = /job (\d+)/.exec(stdout)?.[1] ?? '';
    await until('the row is in its first epoch', () => isInEpoch(sweep, 0, 1));
    // What Slurm sends two minutes before the time limit.
    await slurm('scancel', '--batch', '--signal=USR2', job);
    const isQueued = async () =>
      /^Restarts=1$/m.test(
        (await slurm('scontrol', 'show', 'job', `${job}_0`)).replaceAll(' ', '\n'),
      );
    await until('it is queued again', isQueued, 60);
    assert.deepEqual(states(sweep), ['stopped']);
    const notes = JSON.stringify(events(sweep, 0));
    assert.match(notes, /CNN: Stopped in epoch \d after step \d+/, 'in good order');

    const cancelled = await sweepCommand(sweep.folder, '--cancel');
    assert.equal(cancelled.stdout, `Job ${job} of Slurm is cancelled.\n`);
    const isGone = async () => (await slurm('squeue', '-h')).trim() === '';
    await until('the job is gone', isGone, 60);
    const { code, stdout: said } = await sweepCommand(sweep.folder);
    assert.equal(code, 0, said);
    assert.deepEqual(states(sweep), ['done']);
    assert.match(JSON.stringify(events(sweep, 0)), /CNN: Resumed after step \d+/);
  },
);

test(
  'a search by two tasks of an array job: all trials are done, and its folder is shown',
  { skip },
  async () => {
    writeTinyNotebook(folder);
    const plan = join(folder, 'ranges.yaml');
    const lines = [
      'notebook: tiny.ipynb',
      'set: { epochs: 1 }',
      'search: { learningRate: { from: 1e-4, to: 1e-2, log: true } }',
      'trials: 3',
      'slurm: [--mem=500M, --cpus-per-task=1]',
    ];
    writeFileSync(plan, lines.join('\n'));
    const options = ['--offline', '--engine', 'slurm', '--workers', '2', '--out', 'ranges'];
    const { code, stdout, stderr } = await runCommand(folder, ['search', plan, ...options], env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /3 runs to do, 2 at a time;.*\nSlurm has it as jobs \d+, \d+;/);
    const search = join(folder, 'ranges');
    const isDone = () => {
      const found = states(openSweep(search));
      return found.length === 3 && found.every((state) => state === 'done');
    };
    await until('all trials are done', isDone);
    const isIdle = async () => (await slurm('squeue', '-h')).trim() === '';
    await until('the workers have ended', isIdle, 60);
    const shown = await runCommand(folder, ['search', search, '--status'], env);
    assert.match(
      shown.stdout,
      /3 done of 3 rows; [^]*\nnpm start -- --notebook tiny --set epochs=1 --set learningRate=/,
    );
  },
);
