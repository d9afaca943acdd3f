/** What the tensors of a recorded run are in its graph, by the addon's numbers. */
import { nodeBackend, type tf } from './backend';
import { edge, type Edge, type Graph, type GraphNode, type OutputSpec } from './graph';
import { copyOf, isKnownType, specOfTensor } from './tensorInfo';

export class TracedTensors {
  private readonly edges = new Map<number, Edge>();
  private readonly constants = new Map<number, { spec: OutputSpec; bytes: Uint8Array }>();
  /** Results of recorded operations that are still alive: what is left at the end has escaped. */
  private readonly alive = new Set<number>();

  constructor(private readonly graph: Graph) {}

  /** Says where in the graph a tensor's value comes from. */
  set(id: number, value: Edge): void {
    this.edges.set(id, value);
  }

  /** Takes the results of a recorded operation, in order. */
  addResults(node: GraphNode, ids: readonly number[]): void {
    ids.forEach((id, index) => {
      this.edges.set(id, edge(node, index));
      this.alive.add(id);
    });
  }

  /** Takes values that the step made in JavaScript. */
  addConstant(id: number, spec: OutputSpec, values: ArrayBufferView): void {
    this.constants.set(id, { spec, bytes: copyOf(values) });
  }

  /** Takes a tensor from outside the step (captured in its closure), whose values are constants, unless it is known. */
  capture(id: number, tensor: tf.Tensor): void {
    // An Int64Scalar of tfjs-node is no tensor: it comes as a constant.
    if (this.edges.has(id) || this.constants.has(id) || tensor.dtype === undefined) return;
    const spec = specOfTensor(tensor);
    if (isKnownType(spec.dtype))
      this.addConstant(id, spec, nodeBackend().binding.tensorDataSync(id));
  }

  /** The edge of a tensor that was recorded, undefined for all others. */
  recorded(id: number): Edge | undefined {
    return this.edges.get(id);
  }

  /** The edge of a constant, which enters the graph at its first use; null for a tensor of unknown origin. */
  constant(id: number): Edge | null {
    const constant = this.constants.get(id);
    if (constant === undefined) return null;
    const value = edge(this.graph.addConstant(constant.spec, constant.bytes));
    this.edges.set(id, value);
    return value;
  }

  delete(id: number): void {
    this.alive.delete(id);
  }

  /** The operation whose result outlives the step although it is not among `expected`, or null. */
  escaped(expected: ReadonlySet<number>): string | null {
    for (const id of this.alive)
      if (!expected.has(id)) return this.edges.get(id)?.node.op ?? 'an operation';
    return null;
  }
}
