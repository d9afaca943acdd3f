/** Improves a recorded graph before TensorFlow's own optimizer sees it. */
import { batchNormFoldRule } from './batchNormFold';
import { bfloat16Rule } from './bfloat16';
import { channelScaleRule } from './channelScale';
import { edge, type Edge, type GraphNode, type RewriteRule } from './graph';
import { peepholeRule } from './peephole';
import { samePaddingRule } from './samePadding';
import type { RecordedStep } from './recorder';
import { sideBySideRule } from './sideBySide';

/** @returns the same step with fused and cheaper operations, and without nodes that nothing needs. */
export function rewriteGraph(
  recorded: RecordedStep,
  { bfloat16 }: { readonly bfloat16: boolean },
): RecordedStep {
  const plain = prune(applyRule(applyRule(recorded, peepholeRule()), samePaddingRule()));
  const folded = applyRule(plain, batchNormFoldRule(consumersOf(plain)));
  const simplified = applyRule(folded, channelScaleRule());
  if (!bfloat16) return prune(simplified);
  return prune(applyRule(applyRule(simplified, bfloat16Rule()), sideBySideRule()));
}

function applyRule(recorded: RecordedStep, rule: RewriteRule): RecordedStep {
  const { graph } = recorded;
  const replacements = new Map<GraphNode, readonly Edge[]>();
  const resolve = ({ node, index }: Edge): Edge =>
    replacements.get(node)?.[index] ?? edge(node, index);
  for (const node of inOrder(graph.nodes)) {
    node.inputs = node.inputs.map(resolve);
    const replacement = rule(node, graph);
    if (replacement !== null) replacements.set(node, replacement);
  }
  return { ...recorded, outputs: recorded.outputs.map(resolve), done: resolve(recorded.done) };
}

/** Number of uses of each node, as an input of other nodes or as a result of the step. */
function consumersOf({ graph, outputs }: RecordedStep): ReadonlyMap<GraphNode, number> {
  const consumers = new Map<GraphNode, number>();
  const used = [...graph.nodes.flatMap(({ inputs }) => inputs), ...outputs];
  for (const { node } of used) consumers.set(node, (consumers.get(node) ?? 0) + 1);
  return consumers;
}

/** The nodes in topological order: rules append new nodes at the end. */
function inOrder(nodes: readonly GraphNode[]): GraphNode[] {
  const ordered = new Set<GraphNode>();
  const pending = [...nodes].reverse();
  while (pending.length > 0) {
    const node = pending[pending.length - 1];
    const missing = ordered.has(node)
      ? []
      : [...node.inputs.map((input) => input.node), ...node.controls].filter(
          (other) => !ordered.has(other),
        );
    if (missing.length > 0) pending.push(...missing);
    else ordered.add(pending.pop() as GraphNode);
  }
  return [...ordered];
}

/** Removes dead nodes: keeps what the results, the writes and the transfer of variables need. */
function prune(recorded: RecordedStep): RecordedStep {
  const { graph, inputs, outputs, done, variables } = recorded;
  const needed = new Set<GraphNode>();
  const pending: GraphNode[] = [
    ...inputs,
    ...[...outputs, done].map(({ node }) => node),
    ...variables.flatMap(({ handle, read }) => [handle, read]),
  ];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    pending.push(...node.inputs.map((input) => input.node), ...node.controls);
  }
  graph.keepOnly(needed);
  return recorded;
}
