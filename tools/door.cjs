// Where every command comes in: node tools/door.cjs PROGRAM [arguments]. Written for Node 8, so that an old one
// gets words and not a syntax error; the programs themselves are written for Node 20.
'use strict';
const path = require('path');

const OLDEST_NODE = 20;

function main() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    process.stderr.write(
      '\nError: Node.js ' +
        OLDEST_NODE +
        ' or newer is needed; this is ' +
        process.versions.node +
        ' (' +
        process.execPath +
        ').\n' +
        'Remedy: Install Node.js ' +
        OLDEST_NODE +
        ', 22 or 24 (nodejs.org), then run the same command again.\n',
    );
    process.exitCode = 1;
    return;
  }
  process.stdout.on('error', endQuietly);
  process.stderr.on('error', endQuietly);
  // The program sees itself as what was called.
  process.argv.splice(1, 2, path.resolve(process.argv[2]));
  import(require('url').pathToFileURL(process.argv[1]).href);
}

/** The reader has gone (`npm start | head`): ends the program as SIGTERM does. */
function endQuietly(error) {
  if (error.code !== 'EPIPE') throw error;
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
  else process.exit(0);
}

main();
