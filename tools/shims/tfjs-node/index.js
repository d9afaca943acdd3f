'use strict';
// danfojs-node requires "@tensorflow/tfjs-node" by name. A process must hold one engine only, so that
// name leads to the one that lib uses (lib/tensorflow/backend.ts).
const util = require('node:util');

// tfjs-node 4.22 calls two functions that Node 23 removed.
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;

module.exports = require('@tensorflow/tfjs-node-gpu');
