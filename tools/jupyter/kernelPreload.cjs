// Loaded into the kernel before tslab (1.0.22): what tslab does with errors and messages, corrected.
'use strict';

const { createRequire } = require('node:module');

// tslab prints an error with its stack. Errors in words, as lib throws them (expected, received, remedy), say all there is:
// the frames below them are lib's and tslab's own.
Error.prepareStackTrace = (error, frames) => {
  const head = Error.prototype.toString.call(error);
  const isInWords = /^Expected /.test(error.message);
  return [head, ...(isInWords ? [] : frames.map((frame) => `    at ${frame}`))].join('\n');
};

// tslab sends each output without awaiting the one before. zeromq (6) delays every 513th and throws EBUSY at what follows:
// printed lines, an error's text or a cell's end were lost. Without a timeout it delays none; without a high water mark it drops
// none where a client reads slowly.
const zeromq = createRequire(require.resolve('tslab/package.json'))('zeromq');
class Publisher extends zeromq.Publisher {
  constructor(options) {
    super({ sendTimeout: 0, sendHighWaterMark: 0, ...options });
  }
}
Object.defineProperty(zeromq, 'Publisher', { value: Publisher });
