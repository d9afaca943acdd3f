// What went wrong, in words for the person at the terminal: what is missing, and the remedy.
'use strict';

/** An error that a person can fix. Entry scripts print it without a stack. */
class Problem extends Error {
  /**
   * @param {string} message what happened and where, expected and received
   * @param {{ remedy?: string, details?: string, exitCode?: number }} options `details`: a tool's own last words
   */
  constructor(message, { remedy, details, exitCode = 1 } = {}) {
    super(message);
    this.name = 'Problem';
    this.remedy = remedy;
    this.details = details;
    this.exitCode = exitCode;
  }
}

const NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|ERR_SOCKET_TIMEOUT|NewConnectionError|Max retries exceeded|Name or service not known|name resolution|Network is unreachable|Connection (refused|timed out)|ReadTimeoutError|ProxyError|SSLError|CERT_|certificate/i;
const DISK = /ENOSPC|No space left on device|Disk quota exceeded|EDQUOT/i;
const PERMISSION = /EACCES|EPERM|EROFS|Permission denied|Read-only file system/i;

/**
 * Recognises the three causes that every installing tool shares.
 *
 * @param {string} what the step, for example "the npm packages"
 * @param {string} output what the tool printed
 * @param {{ index: string, offline: boolean, folder: string }} context `index`: what had to be reached
 * @returns {Problem | undefined}
 */
function commonProblem(what, output, { index, offline, folder }) {
  const details = tellingLines(output);
  if (DISK.test(output)) {
    const remedy = `Free some disk space (the list above says how much is needed in ${folder}), then run the same command again.`;
    return new Problem(`The disk is full: ${what} could not be written.`, { remedy, details });
  }
  if (offline && (NETWORK.test(output) || /No matching distribution|cache mode/i.test(output))) {
    const remedy =
      'Run once without --offline while there is a network; after that, --offline works.';
    return new Problem(
      `${capitalised(what)} are not on this machine yet, and --offline forbids to download them.`,
      { remedy, details },
    );
  }
  if (NETWORK.test(output)) {
    const remedy = `Check the network, and the proxy or mirror settings of ${index}; then run the same command again: what is finished is kept.`;
    return new Problem(
      `${capitalised(index)} could not be reached, so ${what} could not be downloaded.`,
      { remedy, details },
    );
  }
  if (PERMISSION.test(output)) {
    const remedy = `Make ${folder} (and the package cache in your home folder) writable for your user, then run the same command again.`;
    return new Problem(`No permission to write ${what}.`, { remedy, details });
  }
  return undefined;
}

const WRITE_REASONS = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  EISDIR: 'there is a folder of that name',
};

/**
 * A message for a write error at the path that the user gave.
 *
 * @param {string} task what could not be done, for example "write DIR/runs.csv"
 * @param {NodeJS.ErrnoException} error
 * @returns {Problem | undefined} undefined for an error of another kind
 */
function writeProblem(task, error) {
  const reason = WRITE_REASONS[error?.code];
  if (!reason) return undefined;
  return new Problem(`Cannot ${task}: ${reason}.`, { remedy: 'Name another folder: --out DIR' });
}

/**
 * The last lines of a tool's output that say something.
 *
 * @param {string} output
 */
function lastLines(output, count = 12) {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}

/**
 * The lines of a tool's output that name an error, or its last ones.
 *
 * @param {string} output
 */
function tellingLines(output, count = 4) {
  const errors = output.split('\n').filter((line) => /\berror\b/i.test(line));
  return lastLines(errors.length > 0 ? errors.slice(0, count).join('\n') : output, count);
}

/**
 * Prints an error for a person and returns the exit code that belongs to it.
 *
 * @param {unknown} error
 * @returns {number}
 */
function printProblem(error, write = (text) => process.stderr.write(text)) {
  // By its name: the compiled commands have a class of their own, and the launcher calls some of their functions.
  if (error?.name !== 'Problem') {
    write(`\n${error?.stack ?? error}\n`);
    return 1;
  }
  // What a person stopped is no error.
  const [kind, way] = error.exitCode === STOPPED ? ['', ''] : ['Error: ', 'Remedy: '];
  if (error.message) write(`\n${wrapText(kind + error.message)}\n`);
  if (error.details) write(`${error.details.replace(/^/gm, '    ')}\n`);
  if (error.remedy) write(`${wrapText(way + error.remedy)}\n`);
  return error.exitCode;
}

/** The exit code of a program that Ctrl-C ended, as a shell gives it: 128 and the number of SIGINT. */
const STOPPED = 130;

/**
 * Text in lines that fit, broken between words; a line that is indented continues with the same indentation. A word that
 * is longer, such as a path, stays whole.
 *
 * @param {string} text
 * @param {number} [width] in characters; default: the terminal's, and no limit where there is none
 * @returns {string}
 */
function wrapText(text, width = process.stderr.columns || process.stdout.columns || Infinity) {
  return text
    .split('\n')
    .flatMap((line) => {
      const [indentation] = /^ */.exec(line);
      const lines = [];
      for (const word of line.slice(indentation.length).split(' ')) {
        const last = lines.at(-1);
        if (last !== undefined && last.length + 1 + word.length <= width)
          lines[lines.length - 1] = `${last} ${word}`;
        else lines.push(indentation + word);
      }
      return lines.map((each) => each.trimEnd());
    })
    .join('\n');
}

function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}

module.exports = { Problem, commonProblem, writeProblem, lastLines, printProblem, wrapText };
