// Loaded into the kernel before tslab, which prints an error with its stack. Errors in words, as lib throws them (expected,
// received, remedy), say all there is: the frames below them are lib's and tslab's own.
'use strict';

Error.prepareStackTrace = (error, frames) => {
  const head = Error.prototype.toString.call(error);
  const isInWords = /^Expected /.test(error.message);
  return [head, ...(isInWords ? [] : frames.map((frame) => `    at ${frame}`))].join('\n');
};
