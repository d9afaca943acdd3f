// The step that compiles lib and the commands to dist, which the notebooks import.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandFailed, runCommand } from './command.mjs';
import { Problem } from '../problem.cjs';
import { fileHash, folderFingerprint, inProject, readJson } from './project.mjs';

const dist = inProject('dist');

/** @returns the step that compiles lib/ and tools/commands/ to dist/ whenever a source file changed. */
export function buildStep() {
  return {
    id: 'build',
    name: 'build of lib',
    downloadMb: 0,
    diskMb: 3,
    inputs: () => [
      ...['lib', 'tools/commands'].map((folder) =>
        folderFingerprint(inProject(folder), (name) => /\.(ts|cjs|json)$/.test(name)),
      ),
      fileHash(inProject('tools/launcher/nativeNoise.cjs')),
      fileHash(inProject('tools/launcher/problem.cjs')),
      fileHash(inProject('tsconfig.json')),
      fileHash(inProject('package.json')),
      fileHash(inProject('tools/launcher/setup/build.mjs')),
      String(packageVersion('typescript')),
    ],
    outputs: () => [
      join(dist, 'lib/package.json'),
      join(dist, 'lib/index.js'),
      join(dist, 'lib/index.d.ts'),
      join(dist, 'tools/commands/start.js'),
    ],
    run: buildLibrary,
  };
}

function packageVersion(name) {
  return readJson(inProject('node_modules', name, 'package.json'))?.version;
}

async function buildLibrary({ onSpawn }) {
  // As deep as dist itself: source maps hold relative paths.
  const output = inProject('dist.next');
  rmSync(output, { recursive: true, force: true });
  const compiler = inProject('node_modules', 'typescript', 'bin', 'tsc');
  try {
    await runCommand(
      process.execPath,
      [compiler, '-p', inProject('tsconfig.json'), '--outDir', output],
      { log: 'build', onSpawn },
    );
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Problem('lib/ or tools/commands/ does not compile.', {
      details: firstLines(error.output, 15),
      remedy: 'Fix the lines above, then run the same command again.',
    });
  }
  writeFileSync(
    join(output, 'lib', 'package.json'),
    `${JSON.stringify(packageManifest(), null, 2)}\n`,
  );
  // File by file, so that no moment is without a dist/ for a notebook that is running.
  const made = new Set(filesBelow(output));
  for (const file of made) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    renameSync(join(output, file), join(dist, file));
  }
  for (const file of filesBelow(dist)) {
    if (!made.has(file)) rmSync(join(dist, file), { force: true });
  }
  removeEmptyFolders(dist);
  rmSync(output, { recursive: true, force: true });
}

function removeEmptyFolders(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** What lib loads whenever it is used, and what only some of it loads, when it is called. */
const NEEDED = [
  '@tensorflow-models/mobilenet',
  '@tensorflow/tfjs-node-gpu',
  'h5wasm',
  'protobufjs',
  'sharp',
  'tar',
  'undici',
];
const OPTIONAL = [
  '@sparticuz/chromium',
  'danfojs-node',
  'esbuild',
  'onnxruntime-node',
  'plotly.js-cartesian-dist-min',
  'plotly.js-dist',
  'puppeteer-core',
];

/** The manifest that makes dist/lib a package of its own: npm pack ./dist/lib. */
function packageManifest() {
  const { name, version, description, license, engines, ...project } = readJson(
    inProject('package.json'),
  );
  const pinned = { ...project.devDependencies, ...project.dependencies };
  const pick = (names) => Object.fromEntries(names.map((each) => [each, pinned[each]]));
  return {
    ...{ name, version, description, license, engines },
    main: './index.js',
    types: './index.d.ts',
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './*': { types: './*.d.ts', default: './*.js' },
    },
    dependencies: pick(NEEDED),
    peerDependencies: pick(OPTIONAL),
    peerDependenciesMeta: Object.fromEntries(OPTIONAL.map((each) => [each, { optional: true }])),
  };
}

function firstLines(output, count) {
  const lines = output.trim().split('\n');
  const more =
    lines.length > count
      ? [`… and ${lines.length - count} lines more in .setup/logs/build.log`]
      : [];
  return [...lines.slice(0, count), ...more].join('\n');
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
}
