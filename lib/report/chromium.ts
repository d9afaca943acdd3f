// Where a Chrome or Chromium may lie on this machine, the one from npm included.
import { execFile } from 'node:child_process';
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../atomicFile';
import { projectRoot } from '../project';

/** A browser that can be tried, and what its process needs besides our environment. */
export interface BrowserCandidate {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

const environmentNames = ['PUPPETEER_EXECUTABLE_PATH', 'CHROME_PATH'] as const;
const commandNames = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'chromium-browser',
  'chrome',
];
const macPaths = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** What the user named as the browser to take; undefined where nothing is named. */
export function namedBrowser(environment: NodeJS.ProcessEnv): BrowserCandidate | undefined {
  const path = environmentNames.map((name) => environment[name]).find(Boolean);
  return path === undefined ? undefined : { path, environment: {} };
}

/** Browsers found on `PATH` and in macOS' usual places, best first. */
export async function installedBrowsers(
  environment: NodeJS.ProcessEnv,
): Promise<BrowserCandidate[]> {
  const folders = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  const paths = commandNames.flatMap((name) => folders.map((folder) => join(folder, name)));
  if (process.platform === 'darwin') paths.push(...macPaths);
  const runnable = await Promise.all(paths.map(isRunnable));
  return paths.filter((_, index) => runnable[index]).map((path) => ({ path, environment: {} }));
}

/**
 * The Chromium that the npm package `@sparticuz/chromium` carries (Linux, x64). Unpacked on first
 * need into `node_modules/.cache/` (or the user's cache if another user owns the clone): about 3 s and 206 MB.
 */
export async function packagedBrowser(): Promise<BrowserCandidate> {
  const packageFolder = join(require.resolve('@sparticuz/chromium'), '../../..');
  const manifest = await readFile(join(packageFolder, 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const folder = await unpackedBrowser(`chromium-${version}`);
  const libraries = [join(folder, 'al2023/lib'), process.env.LD_LIBRARY_PATH ?? ''];
  return {
    path: join(folder, 'chromium'),
    environment: {
      // It comes with the libraries and the font that a bare server lacks.
      LD_LIBRARY_PATH: libraries.filter(Boolean).join(delimiter),
      ...((await isReadable('/etc/fonts/fonts.conf')) ? {} : { FONTCONFIG_PATH: folder }),
    },
  };
}

/** Where it lies unpacked: in the project; in the person's own cache where another one owns the project. */
async function unpackedBrowser(name: string): Promise<string> {
  const userCache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folders = [join(projectRoot(), 'node_modules/.cache', name), join(userCache, name)];
  for (const folder of folders) if (await isRunnable(join(folder, 'chromium'))) return folder;
  try {
    await unpackBrowser(folders[0]);
    return folders[0];
  } catch (error) {
    const isOthers = ['EACCES', 'EPERM', 'EROFS', 'ENOTEMPTY', 'EEXIST'];
    if (!isOthers.includes(errorCode(error) ?? '')) throw error;
    await unpackBrowser(folders[1]);
    return folders[1];
  }
}

/**
 * Unpacks in a process of its own: the package writes to the temporary folder, whichever that is, and
 * takes a half-unpacked file there for a whole one. Here a rename makes it appear at once.
 */
async function unpackBrowser(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const temporary = await mkdtemp(`${folder}-`);
  try {
    const script = `require(${JSON.stringify(require.resolve('@sparticuz/chromium'))}).executablePath()`;
    await promisify(execFile)(process.execPath, ['-e', script], {
      // The second variable asks for the libraries (nss, nspr, expat) too.
      env: { ...process.env, TMPDIR: temporary, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' },
    });
    await writeFile(join(temporary, 'fonts.conf'), fontsConfiguration(folder));
    await rename(temporary, folder).catch(async (error: unknown) => {
      // Another process was faster.
      if (!(await isRunnable(join(folder, 'chromium')))) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function fontsConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
}

function isRunnable(path: string): Promise<boolean> {
  return hasAccess(path, constants.X_OK);
}

function isReadable(path: string): Promise<boolean> {
  return hasAccess(path, constants.R_OK);
}

function hasAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
