// TensorFlow writes a few lines to stderr when it starts, whatever the log level. They say nothing that anybody can
// act on: these, and only these, are dropped. oneDNN itself stays on.
'use strict';
const { Transform } = require('node:stream');
const { StringDecoder } = require('node:string_decoder');

const NOISE = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR\s*$/,
  /\boneDNN custom operations are on\b/,
  /\bcpu_feature_guard\.cc:\d+\] This TensorFlow binary is optimized to use available CPU instructions/,
  /^To enable the following instructions: .* rebuild TensorFlow with the appropriate compiler flags\.\s*$/,
  /\bcomputation_placer\.cc:\d+\] computation placer already registered\b/,
  /\bmlir_graph_optimization_pass\.cc:\d+\] MLIR V1 optimization pass is not enabled\b/,
];

/** @returns {boolean} whether a line of stderr is one of TensorFlow's start-up lines. */
function isNativeNoise(line) {
  return NOISE.some((pattern) => pattern.test(line));
}

/** @returns {Transform} a stream that passes everything on, whole lines at a time, except TensorFlow's start-up lines. */
function createNoiseFilter() {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Transform({
    transform(chunk, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop();
      const kept = lines.filter((line) => !isNativeNoise(line));
      done(null, kept.length > 0 ? `${kept.join('\n')}\n` : undefined);
    },
    flush(done) {
      const last = rest + decoder.end();
      done(null, last && !isNativeNoise(last) ? last : undefined);
    },
  });
}

module.exports = { isNativeNoise, createNoiseFilter };
