/**
 * The single access point to TensorFlow: the only file that imports a tfjs package.
 *
 * Everything else in lib says `import { tf } from '../tensorflow/backend'`, so that one process holds one engine
 * and finding, silencing and describing the native runtime is done in one place.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { operationThreads, projectRoot } from '../project';
import util = require('node:util');

// TensorFlow reads both once, when its library is loaded. Level 2 keeps warnings about the session's start-up
// quiet and errors audible; oneDNN stays as TensorFlow chooses it.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
if (process.env.DEVICE === 'cpu') process.env.CUDA_VISIBLE_DEVICES = '-1';

restoreRemovedNodeFunctions();

// Keep `import … = require` below the lines above, which must run first.
import tf = require('@tensorflow/tfjs-node-gpu');

export { tf };

/** TensorFlow's own numbers for its data types (tensorflow/core/framework/types.proto). */
export const DataType = {
  float32: 1,
  uint8: 4,
  int32: 3,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;
export type DataType = (typeof DataType)[keyof typeof DataType];

/** tfjs-node's encoder of TensorFlow's protocol buffers, which it ships for its own SavedModel reader. */
import proto = require('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js');

export { proto };

/** What the addon says of a tensor that an operation made. */
export interface TensorHandle {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** One attribute of a TensorFlow operation, as tfjs-node's addon takes it. */
export interface OperationAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The native addon through which every tfjs-node operation calls TensorFlow's C API. */
export interface NativeBinding {
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputIds: readonly number[],
    numOutputs: number,
  ): TensorHandle[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(
    id: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorHandle[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_Version: string;
}

/** tfjs-node's record of one tensor's data; `id` is the addon's number for it, -1 before it has one. */
export interface TensorData {
  shape: readonly number[];
  dtype: number;
  id: number;
  values: ArrayBufferView | null;
  refCount: number;
}

/** The parts of tfjs-node's backend that the compiled graphs need. */
export interface NodeBackend {
  binding: NativeBinding;
  readonly tensorMap: {
    get(dataId: object): TensorData;
    set(dataId: object, data: TensorData): void;
    has(dataId: object): boolean;
  };
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  createOutputTensor(handle: TensorHandle): tf.Tensor;
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
  refCount(dataId: object): number;
}

/** @returns tfjs-node's backend, with the addon behind it. */
export function nodeBackend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
}

/** Which TensorFlow runs, where, and where it came from. */
export interface BackendDescription {
  /** TensorFlow's own version, for example `2.21.0`. */
  readonly tensorflow: string;
  /** tfjs' version, for example `4.22.0`. */
  readonly tfjs: string;
  readonly device: 'cpu' | 'gpu';
  /** Threads that TensorFlow may use for one operation: the machine's processors unless told otherwise. */
  readonly threads: number;
  /** Where the native library came from, in words. */
  readonly origin: string;
}

/** @returns the runtime behind `tf`: versions, device, threads and where the native library came from. */
export function describeBackend(): BackendDescription {
  const { binding } = nodeBackend();
  return {
    tensorflow: binding.TF_Version,
    tfjs: tf.version.tfjs,
    device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu',
    threads: operationThreads(),
    origin: runtimeOrigin(),
  };
}

/** Set-up leaves a record beside the libraries that it unpacked; without one the addon was installed by other means. */
function runtimeOrigin(): string {
  const record = path.join(projectRoot(), '.tensorflow', 'runtime.json');
  try {
    const { origin } = JSON.parse(fs.readFileSync(record, 'utf8')) as { origin?: unknown };
    if (typeof origin === 'string') return origin;
  } catch {
    // No record, or one that is being replaced: the answer below holds either way.
  }
  return 'an addon that was already installed';
}

/** tfjs-node 4.22 calls two functions of node:util that Node 22 warns about and Node 23 removed. */
function restoreRemovedNodeFunctions(): void {
  const removed = util as unknown as Record<string, unknown>;
  removed.isNullOrUndefined = (value: unknown): boolean => value == null;
  removed.isArray = Array.isArray;
}

/**
 * True if the CPU has native bfloat16 arithmetic (x86's AVX512-BF16 or AMX): training in bfloat16 is then 1.5
 * to 3 times as fast as in float32, and slower elsewhere.
 *
 * @param cpuInfo Linux's description of the CPU; default `/proc/cpuinfo`. Other systems have none, so the result
 *   there is false.
 */
export function hasFastBfloat16(cpuInfo: string = readCpuInfo()): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(cpuInfo)?.[1].trim().split(/\s+/) ?? [];
  return flags.includes('avx512_bf16') || flags.includes('amx_bf16');
}

function readCpuInfo(): string {
  try {
    return fs.readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return ''; // not Linux
  }
}
