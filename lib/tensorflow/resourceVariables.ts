/** TensorFlow's fused optimizer kernels, which work on resource variables, for tfjs' variables. */
import { tf, DataType } from './backend';
import { typeValue } from './graph';
import { executeOperation } from './operations';
import { recordUpdate } from './trace';

/**
 * Updates variables in place through an operation such as `ResourceApplyAdam`.
 *
 * Inside a compiled step it is that one operation on the session's variables. Eagerly the same kernel runs on
 * temporary resources, so both give the same numbers to the last bit.
 *
 * @param resources float32 variables, in the operation's order.
 * @param inputs The operation's float32 inputs behind the resources.
 * @param flags The operation's boolean attributes.
 */
export function updateVariables(
  op: string,
  {
    resources,
    inputs,
    flags = {},
  }: {
    readonly resources: readonly tf.Variable[];
    readonly inputs: readonly tf.Tensor[];
    readonly flags?: Readonly<Record<string, boolean>>;
  },
): void {
  const attributes = Object.entries(flags).map(
    ([name, value]) => [name, { kind: 'bool', value }] as const,
  );
  recordUpdate(op, {
    resources,
    inputs,
    attributes: { T: typeValue(DataType.float32), ...Object.fromEntries(attributes) },
    eager: () => updateEagerly(op, { resources, inputs, flags }),
  });
}

const dtype = { type: DataType.float32 } as const;
let made = 0;

function updateEagerly(
  op: string,
  { resources, inputs, flags }: Required<Omit<Parameters<typeof updateVariables>[1], never>>,
): void {
  tf.tidy(() => {
    const handles = resources.map((variable) => {
      const [handle] = executeOperation('VarHandleOp', [], {
        attributes: {
          dtype,
          shape: { shape: variable.shape },
          shared_name: { string: `eager_update_${++made}` },
          container: { string: '' },
        },
      });
      executeOperation('AssignVariableOp', [handle, variable], {
        attributes: { dtype },
        numOutputs: 0,
      });
      return handle;
    });
    const attributes = Object.entries(flags).map(([name, bool]) => [name, { bool }] as const);
    executeOperation(op, [...handles, ...inputs], {
      attributes: { T: dtype, ...Object.fromEntries(attributes) },
      numOutputs: 0,
    });
    handles.forEach((handle, i) => {
      resources[i].assign(
        executeOperation('ReadVariableOp', [handle], { attributes: { dtype } })[0],
      );
      executeOperation('DestroyResourceOp', [handle], {
        attributes: { ignore_lookup_error: { bool: true } },
        numOutputs: 0,
      });
    });
  });
}
