import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';

const launcher = join(resolve(__dirname, '../..'), 'tools', 'launcher', 'command.mjs');

/**
 * As `npm run NAME -- …` in a folder; resolves however the command ends.
 *
 * @param environment variables besides those of this process.
 */
export function runCommand(
  folder: string,
  [name, ...args]: readonly [name: string, ...args: string[]],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, INIT_CWD: folder, ...environment };
  return new Promise((done) => {
    execFile(process.execPath, [launcher, name, ...args], { env }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
