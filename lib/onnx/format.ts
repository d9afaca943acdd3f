/**
 * The ONNX file format: the only file that names protobufjs.
 *
 * A file is one protocol buffer, `ModelProto` (https://onnx.ai/onnx/repo-docs/IR.html). Below are those of its messages
 * and fields that a network for pictures needs; a reader skips the others.
 */
import { parse } from 'protobufjs';

/** Operator set 18: the first whose Resize takes the two sides alone. ONNX Runtime reads it from 1.14 on. */
export const OPSET_VERSION = 18;
/** The version of the file format that belongs to the operator set. */
const IR_VERSION = 8;

const SCHEMA = `
syntax = "proto2";
message StringStringEntryProto { optional string key = 1; optional string value = 2; }
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message TensorProto {
  repeated int64 dims = 1; optional int32 data_type = 2; optional string name = 8; optional bytes raw_data = 9;
}
message AttributeProto {
  optional string name = 1; optional float f = 2; optional int64 i = 3; optional bytes s = 4;
  repeated int64 ints = 8; optional int32 type = 20;
}
message NodeProto {
  repeated string input = 1; repeated string output = 2; optional string name = 3; optional string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
message TensorShapeProto { repeated Dimension dim = 1; }
message TypeTensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message TypeProto { optional TypeTensor tensor_type = 1; }
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message GraphProto {
  repeated NodeProto node = 1; optional string name = 2; repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
}
message ModelProto {
  optional int64 ir_version = 1; optional string producer_name = 2; optional string producer_version = 3;
  optional GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}`;

const ModelProto = parse(SCHEMA, { keepCase: true }).root.lookupType('ModelProto');

/** ONNX' own numbers for the types of values. */
const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, ints: 7 } as const;

type DataType = keyof typeof DATA_TYPES;

/** A constant of a graph. `data` in row-major order; int64 as BigInt64Array. */
export interface OnnxTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

/** An attribute's value; `{ float }`, since 1 would be an integer. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** One operation. An input '' is an optional one that is left out. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** What goes in or comes out. A dimension that is a text is free, and the text its name. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly (number | string)[];
}

/** A model, as far as this project writes one. */
export interface OnnxModel {
  readonly name: string;
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly input: OnnxValueInfo;
  readonly output: OnnxValueInfo;
  readonly producer: { readonly name: string; readonly version: string };
  readonly metadata: Readonly<Record<string, string>>;
}

/** The constants that a node reads. */
export function usedConstants({
  nodes,
  constants,
}: Pick<OnnxModel, 'nodes' | 'constants'>): OnnxModel['constants'] {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return new Map([...constants].filter(([name]) => used.has(name)));
}

/** The bytes of an .onnx file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const { nodes, constants, input, output, producer, metadata } = model;
  return ModelProto.encode({
    ir_version: IR_VERSION,
    opset_import: [{ domain: '', version: OPSET_VERSION }],
    producer_name: producer.name,
    producer_version: producer.version,
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: model.name,
      node: nodes.map((node) => ({
        input: node.inputs,
        output: [node.output],
        name: node.output,
        op_type: node.op,
        attribute: Object.entries(node.attributes).map(encodeAttribute),
      })),
      initializer: [...constants].map(([name, tensor]) => ({
        name,
        dims: tensor.dims,
        data_type: DATA_TYPES[tensor.dtype],
        // The format is little-endian, as are all processors that Node runs on.
        raw_data: bytesOf(tensor.data),
      })),
      input: [encodeValueInfo(input)],
      output: [encodeValueInfo(output)],
    },
  }).finish();
}

/** A model's `metadata_props`; undefined for bytes that are no whole ONNX model. */
export function decodeMetadata(bytes: Uint8Array): Readonly<Record<string, string>> | undefined {
  try {
    const { graph, metadata_props: entries } = ModelProto.decode(bytes) as unknown as {
      readonly graph: object | null;
      readonly metadata_props: readonly { readonly key: string; readonly value: string }[];
    };
    return graph === null
      ? undefined
      : Object.fromEntries(entries.map((each) => [each.key, each.value]));
  } catch {
    return undefined;
  }
}

function encodeAttribute([name, value]: [string, OnnxAttribute]): object {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE_TYPES.int };
  if (typeof value === 'string')
    return { name, s: Buffer.from(value), type: ATTRIBUTE_TYPES.string };
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPES.float };
  return { name, ints: value, type: ATTRIBUTE_TYPES.ints };
}

function encodeValueInfo({ name, dtype, shape }: OnnxValueInfo): object {
  const dim = shape.map((side) =>
    typeof side === 'number' ? { dim_value: side } : { dim_param: side },
  );
  return { name, type: { tensor_type: { elem_type: DATA_TYPES[dtype], shape: { dim } } } };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
