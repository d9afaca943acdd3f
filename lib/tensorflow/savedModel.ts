/** Encodes a graph as a SavedModel and runs it in a TensorFlow session: tfjs-node's addon offers both. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { nodeBackend, proto, type TensorHandle } from './backend';
import { endpoint, type AttributeValue, type Edge, type Graph, type GraphNode } from './graph';

/** The version of the graph format that TensorFlow 2.9 and later read (tensorflow/core/public/version.h). */
const GRAPH_PRODUCER = 1087;

/** A graph in a TensorFlow session of its own. */
export class Session {
  private id: number | null;

  /** @throws TensorFlow's error when it does not accept the graph. */
  constructor(graph: Graph) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'compiled-step-'));
    try {
      fs.writeFileSync(path.join(directory, 'saved_model.pb'), encodeSavedModel(graph));
      this.id = nodeBackend().binding.loadSavedModel(directory, 'serve');
    } finally {
      // The session holds the whole graph in memory.
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }

  /**
   * Runs what `outputs` need.
   *
   * @param inputIds The addon's tensor numbers for `inputs`, in the same order.
   * @param inputs,outputs Comma-separated endpoints, see {@link endpoints}.
   * @returns One handle for each output. Caller owns them.
   */
  run(inputIds: readonly number[], inputs: string, outputs: string): TensorHandle[] {
    if (this.id === null) throw new Error('Expected a live session but this one was disposed.');
    return nodeBackend().binding.runSavedModel(this.id, inputIds, inputs, outputs);
  }

  /** Gives the session's memory back. */
  dispose(): void {
    if (this.id === null) return;
    nodeBackend().binding.deleteSavedModel(this.id);
    this.id = null;
  }
}

/** True for the error of a session that has not begun to run, since this device has no kernel for an operation. */
export function isUnsupported(error: unknown): boolean {
  return /No OpKernel was registered|Could not satisfy explicit device|Cannot assign a device/i.test(
    String(error),
  );
}

/** @returns the edges' names in the form that {@link Session.run} takes. */
export function endpoints(edges: readonly Edge[]): string {
  return edges.map(endpoint).join(',');
}

/** @returns the bytes of a `saved_model.pb` with one meta graph tagged `serve`. */
function encodeSavedModel(graph: Graph): Uint8Array {
  const graphDef = new proto.GraphDef();
  graphDef.setNodeList(graph.nodes.map(encodeNode));
  const versions = new proto.VersionDef();
  versions.setProducer(GRAPH_PRODUCER);
  graphDef.setVersions(versions);

  const info = new proto.MetaGraphDef.MetaInfoDef();
  info.addTags('serve');
  const metaGraph = new proto.MetaGraphDef();
  metaGraph.setGraphDef(graphDef);
  metaGraph.setMetaInfoDef(info);

  const model = new proto.SavedModel();
  model.setSavedModelSchemaVersion(1);
  model.addMetaGraphs(metaGraph);
  return model.serializeBinary();
}

function encodeNode(node: GraphNode): proto.NodeDef {
  const def = new proto.NodeDef();
  def.setName(node.name);
  def.setOp(node.op);
  def.setInputList([
    ...node.inputs.map(({ node: { name }, index }) => (index === 0 ? name : `${name}:${index}`)),
    ...node.controls.map(({ name }) => `^${name}`),
  ]);
  for (const [key, value] of node.attributes) def.getAttrMap().set(key, encodeAttribute(value));
  return def;
}

function encodeAttribute(attribute: AttributeValue): proto.AttrValue {
  const def = new proto.AttrValue();
  const list = new proto.AttrValue.ListValue();
  switch (attribute.kind) {
    case 'type':
      def.setType(attribute.value);
      break;
    case 'shape':
      def.setShape(encodeShape(attribute.value));
      break;
    case 'int':
      def.setI(attribute.value);
      break;
    case 'float':
      def.setF(attribute.value);
      break;
    case 'bool':
      def.setB(attribute.value);
      break;
    case 'string':
      def.setS(Buffer.from(attribute.value));
      break;
    case 'ints':
      list.setIList([...attribute.value]);
      def.setList(list);
      break;
    case 'strings':
      list.setSList(attribute.value.map((text) => Buffer.from(text)));
      def.setList(list);
      break;
    case 'tensor': {
      const tensor = new proto.Tensor();
      tensor.setDtype(attribute.spec.dtype);
      tensor.setTensorShape(encodeShape(attribute.spec.shape));
      tensor.setTensorContent(attribute.bytes);
      def.setTensor(tensor);
      break;
    }
  }
  return def;
}

function encodeShape(shape: readonly number[]): proto.TensorShape {
  const def = new proto.TensorShape();
  for (const size of shape) {
    const dim = new proto.TensorShape.Dim();
    dim.setSize(size);
    def.addDim(dim);
  }
  return def;
}
