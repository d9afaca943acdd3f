// lib from outside: packed by npm, used by an empty TypeScript project. Its dependencies are linked, not downloaded.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { saveClassifier } from '../lib/models/classifier';
import { colourPng, createRedOrBlue } from './redOrBlue';
import { temporaryFolder } from './temporaryFolder';

const root = resolve(__dirname, '..');
const packageFolder = join(root, 'dist', 'lib');
const needsBuild = existsSync(packageFolder) ? {} : { skip: 'dist/ is not built: npm run setup' };

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** What the README shows. */
const program = `
import { loadClassifier, predictImage } from 'image-classification-notebooks';

async function main([folder, picture]: readonly string[]): Promise<void> {
  const classifier = await loadClassifier(folder);
  const { className, probability } = await predictImage(classifier, picture);
  console.log(\`\${className}: \${(100 * probability).toFixed(1)} %\`);
  classifier.model.dispose();
}

void main(process.argv.slice(2));
`;

test(
  'an empty TypeScript project loads a classifier and predicts a picture',
  needsBuild,
  async (t) => {
    const project = temporaryFolder(t);
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { cwd: project, encoding: 'utf8' });
    const { name, dependencies } = readManifest(packageFolder);
    const [packed] = JSON.parse(
      run('npm', 'pack', packageFolder, '--json', '--ignore-scripts', '--offline'),
    ) as { filename: string }[];
    const installed = join(project, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    run('tar', '-xzf', packed.filename, '-C', installed, '--strip-components=1');
    for (const dependency of [...Object.keys(dependencies), '@types/node']) {
      const link = join(project, 'node_modules', dependency);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', dependency), link);
    }
    writeFileSync(join(project, 'package.json'), '{}');
    writeFileSync(join(project, 'main.ts'), program);
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const options = '--strict --skipLibCheck --module node16 --target es2022 --types node main.ts';
    run(process.execPath, compiler, ...options.split(' '));

    const folder = join(project, 'model');
    await saveClassifier(createRedOrBlue(), folder);
    const picture = join(project, 'blue.png');
    writeFileSync(picture, await colourPng([0, 0, 255]));
    assert.equal(run(process.execPath, 'main.js', folder, picture), 'blue: 98.2 %\n');
  },
);

test('the package names every module that lib imports', needsBuild, () => {
  const { dependencies, peerDependencies } = readManifest(packageFolder);
  const named = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const files = readdirSync(packageFolder, { recursive: true, encoding: 'utf8' });
  const imported = files
    .filter((file) => /\.c?js$/.test(file))
    .flatMap(
      (file) =>
        ts.preProcessFile(readFileSync(join(packageFolder, file), 'utf8'), true, true)
          .importedFiles,
    )
    .map(({ fileName }) => fileName)
    .filter((module) => !module.startsWith('.') && !module.startsWith('node:'))
    .map((module) =>
      module
        .split('/')
        .slice(0, module.startsWith('@') ? 2 : 1)
        .join('/'),
    )
    .filter((module) => !builtinModules.includes(module));
  const missing = [...new Set(imported)].filter((module) => !named.has(module));
  assert.deepEqual(missing, []);
  assert.ok(imported.includes('sharp') && imported.includes('danfojs-node'), 'lib was read');
});
