// The public API: what a notebook or a script imports. Nobody inside lib imports this file.
export { tf, describeBackend } from './tensorflow/backend';
export { createRng, shuffledIndices, type Rng } from './random';
