// What a model is made of, layer by layer: `model.summary()` as a table.
import type { tf } from '../tensorflow/backend';
import { createTable, type DataTable } from './tables';

/** Name, kind, output shape (without the batch) and parameters of each layer, and their sum as last row. */
export function layerTable(model: tf.LayersModel): DataTable {
  const rows = model.layers.map((layer) => ({
    layer: layer.name,
    kind: layer.getClassName(),
    output: describeShape(layer.outputShape),
    parameters: layer.countParams(),
  }));
  const total = { layer: 'all', kind: null, output: null, parameters: model.countParams() };
  return createTable([...rows, total]);
}

/** `32 × 32 × 3`; a layer with several outputs has several shapes. */
function describeShape(shape: tf.Shape | tf.Shape[]): string {
  const shapes = Array.isArray(shape[0]) ? (shape as tf.Shape[]) : [shape as tf.Shape];
  return shapes
    .map((dimensions) =>
      dimensions
        .slice(1)
        .map((size) => size ?? 'any')
        .join(' × '),
    )
    .join(', ');
}
