// Step: TensorFlow's native libraries and the few headers of its C API, out of the wheel that PyPI carries.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './command.mjs';
import { runPip } from './jupyter.mjs';
import { Problem } from '../problem.cjs';
import { fileHash, inProject, inVenv, temporaryFolder, writeFileAtomic } from './project.mjs';

/** The wheel's Python tag. Any would do, the libraries are the same: this one makes the pins' hashes few. */
const PYTHON_TAG = '311';

/** pip's names for the platforms whose wheels export the C API, best first. */
const PLATFORMS = {
  'linux-x64': [
    'manylinux_2_28_x86_64',
    'manylinux_2_27_x86_64',
    'manylinux_2_25_x86_64',
    'manylinux2014_x86_64',
    'manylinux2010_x86_64',
  ],
  'linux-arm64': ['manylinux_2_28_aarch64', 'manylinux_2_27_aarch64', 'manylinux2014_aarch64'],
  'darwin-arm64': ['macosx_12_0_arm64', 'macosx_11_0_arm64'],
};

/** What is unpacked: `g++ -M` on the addon's sources names 14 headers, all of them in these places. */
const WANTED = [
  'tensorflow/libtensorflow_cc.*',
  'tensorflow/libtensorflow_framework.*',
  'tensorflow/THIRD_PARTY_NOTICES.txt',
  'tensorflow/include/LICENSE',
  'tensorflow/include/tensorflow/c/*.h',
  'tensorflow/include/tensorflow/core/platform/ctstring*.h',
  'tensorflow/include/tsl/platform/ctstring*.h',
  'tensorflow/include/xla/tsl/c/*.h',
  'nvidia/*/lib/*',
  'nvidia/cuda_nvcc/bin/*',
  'nvidia/cuda_nvcc/nvvm/*',
];

/** Sizes of the wheels and of what is unpacked, in MB; the CUDA ones add up as the package index lists them. */
const SIZES = {
  cpu: { downloadMb: 274, diskMb: 860 },
  gpu: { downloadMb: 3380, diskMb: 6500 },
};

/** @returns the file that pins TensorFlow for a device. */
export function requirementsFile(device) {
  return inProject(
    device === 'gpu'
      ? 'tools/requirements/tensorflow-gpu.txt'
      : 'tools/requirements/tensorflow.txt',
  );
}

/** @returns TensorFlow's pinned version, for example "2.21.0". */
export function tensorflowVersion(device) {
  const version = /^tensorflow(?:-cpu)?==([\d.]+)/m.exec(
    readFileSync(requirementsFile(device), 'utf8'),
  );
  if (!version) throw new Error(`No line "tensorflow==…" in ${requirementsFile(device)}`);
  return version[1];
}

/** @returns the folder of one runtime: holds `tensorflow/` and, with CUDA, `nvidia/` beside it. */
export function runtimeFolder(device) {
  return inProject('.tensorflow', `${tensorflowVersion(device)}-${device}`);
}

/** @returns the two libraries' paths, or `undefined` where they are not unpacked. */
export function runtimeLibraries(device) {
  const folder = join(runtimeFolder(device), 'tensorflow');
  const extension = process.platform === 'darwin' ? '2.dylib' : 'so.2';
  const paths = ['cc', 'framework'].map((name) =>
    join(folder, `libtensorflow_${name}.${extension}`),
  );
  return paths.every((path) => existsSync(path)) ? paths : undefined;
}

/** @returns 'gpu' where an NVIDIA card is seen, else 'cpu'. */
export function detectDevice() {
  if (existsSync('/proc/driver/nvidia/version')) return 'gpu';
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => folder && existsSync(join(folder, 'nvidia-smi'))) ? 'gpu' : 'cpu';
}

/** @throws {Problem} where no wheel with TensorFlow's C API exists for this machine. */
export function checkPlatform(device) {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new Problem(
      'Windows itself is not supported: its TensorFlow wheel does not export the C API.',
      {
        remedy:
          'Use WSL2 (wsl --install), clone the project inside it, and run the same command there.',
      },
    );
  }
  if (!(platform in PLATFORMS)) {
    throw new Problem(
      `There is no TensorFlow for ${platform}: expected one of ${Object.keys(PLATFORMS).join(', ')}.`,
      {
        remedy: 'Use a 64-bit Linux, an Apple-silicon Mac, or WSL2 under Windows.',
      },
    );
  }
  if (process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime) {
    throw new Problem(
      "TensorFlow's wheel needs glibc 2.27 or newer, and this Linux has none (Alpine?).",
      {
        remedy: 'Use a distribution with glibc, such as Debian, Ubuntu or Fedora.',
      },
    );
  }
  if (device === 'gpu' && platform !== 'linux-x64') {
    throw new Problem(
      `The CUDA build of TensorFlow exists for linux-x64 only; this is ${platform}.`,
      {
        remedy: 'Use --device cpu.',
      },
    );
  }
}

/** @returns the step that unpacks TensorFlow into .tensorflow/<version>-<device>. */
export function tensorflowStep(device) {
  const isGpu = device === 'gpu';
  return {
    id: `tensorflow-${device}`,
    name: isGpu
      ? 'TensorFlow with CUDA (untested: it has not been run on a card yet)'
      : 'TensorFlow',
    ...SIZES[device],
    inputs: () => [fileHash(requirementsFile(device)), process.platform, process.arch],
    outputs: () => runtimeLibraries(device) ?? [join(runtimeFolder(device), 'tensorflow')],
    run: (context) => installTensorflow(device, context),
  };
}

async function installTensorflow(device, { offline, onSpawn, onDownload }) {
  checkPlatform(device);
  const wheels = join(temporaryFolder, 'wheels');
  const downloads = join(temporaryFolder, 'download');
  mkdirSync(downloads, { recursive: true });
  const platforms = PLATFORMS[`${process.platform}-${process.arch}`].flatMap((name) => [
    '--platform',
    name,
  ]);
  const flags = [
    '--no-deps',
    '--only-binary=:all:',
    '--python-version',
    PYTHON_TAG,
    '--require-hashes',
  ];
  onDownload?.(temporaryFolder);
  await runPip(
    [
      'download',
      ...flags,
      ...platforms,
      '--dest',
      wheels,
      '-r',
      requirementsFile(device),
      '--disable-pip-version-check',
    ],
    // pip's own temporary folder: on the clone's disk, where its size tells the progress.
    { what: 'TensorFlow', offline, onSpawn, env: { TMPDIR: downloads } },
  );
  onDownload?.(undefined);

  const folder = runtimeFolder(device);
  const unpacked = join(temporaryFolder, 'runtime');
  const origin = [];
  for (const name of readdirSync(wheels).sort()) {
    const wheel = join(wheels, name);
    if (/^tensorflow/.test(name)) origin.push({ wheel: name, sha256: fileHash(wheel) });
    await runCommand(
      inVenv('bin', 'python'),
      [inProject('tools', 'launcher', 'setup', 'unpack_wheel.py'), wheel, unpacked, ...WANTED],
      {
        log: 'pip',
        onSpawn,
      },
    );
    rmSync(wheel);
  }
  writeFileAtomic(join(unpacked, 'origin.json'), `${JSON.stringify(origin[0], null, 2)}\n`);
  mkdirSync(inProject('.tensorflow'), { recursive: true });
  // A running notebook keeps the libraries that it has mapped, so the old folder moves away and is not overwritten.
  if (existsSync(folder)) renameSync(folder, join(temporaryFolder, 'old-runtime'));
  renameSync(unpacked, folder);
  rmSync(temporaryFolder, { recursive: true, force: true });
}
