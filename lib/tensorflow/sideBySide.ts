/**
 * Filter gradients of narrow pictures, with several pictures side by side.
 *
 * oneDNN's bfloat16 kernel for filter gradients sums over the columns of one row at a time, in blocks of 32 columns, so
 * that a row of 7 columns costs as much as one of 32. The gradient is a sum over all pictures: pictures of a batch may
 * stand side by side in one row, with zero columns between them that keep the filter from reading a neighbour.
 *
 * Two 256-channel layers of 7 × 7, batch 250, two cores with AMX: 17 instead of 31 ms each, the copies included; a layer
 * of 3 × 3: 4 instead of 15 ms. Rows of 15 and more gain less than the copies cost.
 */
import { DataType } from './backend';
import { hasChannelsLast } from './channelScale';
import { edge, specOf, typeValue, type Edge, type Graph, type RewriteRule } from './graph';
import { reshape } from './peephole';
import { convolutionIntegers } from './samePadding';

/** Columns that the kernel sums in one block. */
const BLOCK = 32;
/** The widest pictures that gain. */
const MAX_WIDTH = 8;

/** @returns the rule for filter gradients in bfloat16 of convolutions with stride 1 and padding "same". */
export function sideBySideRule(): RewriteRule {
  return (node, graph) => {
    if (node.op !== 'Conv2DBackpropFilter' || !hasChannelsLast(node)) return null;
    const [images, sizes, gradient] = node.inputs;
    const { shape, dtype } = specOf(images);
    const [batch, , width] = shape;
    const [filterHeight, filterWidth] = node.outputs[0].shape;
    const padding = node.attributes.get('padding');
    const isPlain = ['strides', 'dilations'].every((name) =>
      convolutionIntegers(node, name).every((value) => value === 1),
    );
    const isOdd = filterHeight % 2 === 1 && filterWidth % 2 === 1;
    const isSame = padding?.kind === 'string' && padding.value === 'SAME';
    if (dtype !== DataType.bfloat16 || !isPlain || !isOdd || !isSame || width > MAX_WIDTH)
      return null;
    const gap = (filterWidth - 1) / 2;
    const pictures = picturesPerRow(batch, width + gap);
    if (pictures === 1) return null;
    const layout = { pictures, gap };
    const wide = graph.add(
      node.op,
      [sideBySide(graph, images, layout), sizes, sideBySide(graph, gradient, layout)],
      { attributes: Object.fromEntries(node.attributes), outputs: node.outputs },
    );
    return [edge(wide)];
  };
}

/** The smallest divisor of the batch whose pictures fill a block, or else the largest below it. */
function picturesPerRow(batch: number, columns: number): number {
  const divisors = Array.from({ length: batch }, (_, index) => index + 1).filter(
    (count) => batch % count === 0,
  );
  const fitting = divisors.filter((count) => count * columns <= 2 * BLOCK);
  return fitting.find((count) => count * columns >= BLOCK) ?? fitting.at(-1) ?? 1;
}

/** [batch, height, width, channels] as [batch / pictures, height, pictures · (width + gap), channels]. */
function sideBySide(
  graph: Graph,
  values: Edge,
  { pictures, gap }: { readonly pictures: number; readonly gap: number },
): Edge {
  const { shape, dtype } = specOf(values);
  const [batch, height, width, channels] = shape;
  const rows = batch / pictures;
  const type = { T: typeValue(dtype) };
  const integers = (numbers: readonly number[], sides: readonly number[]): Edge =>
    edge(graph.addConstant({ shape: sides, dtype: DataType.int32 }, Int32Array.from(numbers)));
  const padded = graph.add('Pad', [values, integers([0, 0, 0, 0, 0, gap, 0, 0], [4, 2])], {
    attributes: { ...type, Tpaddings: typeValue(DataType.int32) },
    outputs: [{ shape: [batch, height, width + gap, channels], dtype }],
  });
  const apart = reshape(graph, edge(padded), [rows, pictures, height, width + gap, channels]);
  const turned = graph.add('Transpose', [apart, integers([0, 2, 1, 3, 4], [5])], {
    attributes: { ...type, Tperm: typeValue(DataType.int32) },
    outputs: [{ shape: [rows, height, pictures, width + gap, channels], dtype }],
  });
  return reshape(graph, edge(turned), [rows, height, pictures * (width + gap), channels]);
}
