/** @file What the program says when something is wrong with ONNX models, arrays and gradients. */
import { CraquelureError } from './base.ts';

// ---- arrays --------------------------------------------------------------------------------------------------

/** A .npy file that cannot be used, and why. */
export const unusableArray = (path: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use array '${path}': ${why}`);

// ---- ONNX models and gradients -------------------------------------------------------------------------------

/** A model file that cannot be used, and why. */
export const invalidModel = (name: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use model '${name}': ${why}`, options);

/** External data of a tensor that cannot be used, and why. */
export const unusableExternalData = (model: string, tensor: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use external data of tensor '${tensor}' in model '${model}': ${why}`);

/** An output that does not fit the input that it is connected to. */
export const mismatchedJoin = (
  output: string,
  given: string,
  input: string,
  wanted: string,
): CraquelureError =>
  new CraquelureError('ONNX', `Expected ${wanted} for input '${input}' but output '${output}' is ${given}`);

/** Two models whose external data is in two folders. */
export const separateFolders = (a: string, b: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Expected external data in one folder but it is in '${a}' and in '${b}'. Move both model files to one folder`,
  );

/** A model in an operator set with other broadcasting rules. */
export const oldOpset = (found: number, oldest: number): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Expected operator set ${oldest} or later but the model uses ${found}. Export it again with a later one`,
  );

/** An operator without a gradient rule, and the path from the loss to it. */
export const missingRule = (
  operator: string,
  node: string,
  path: readonly string[],
  { controlFlow = false, output = 0 }: { controlFlow?: boolean; output?: number } = {},
): CraquelureError => {
  const why = controlFlow
    ? 'control flow is not differentiated. Export the model without it'
    : 'it has no gradient rule';
  const which = output > 0 ? ` through its output ${output}` : '';
  return new CraquelureError(
    'ONNX',
    `Cannot differentiate operator ${operator} of node '${node}'${which}: ${why}. Path: ${path.join(' -> ')}`,
  );
};

/** An operator whose rule does not cover the way this node uses it. */
export const unsupportedGradient = (operator: string, node: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate operator ${operator} of node '${node}': ${why}`);

/** A name that the loss does not depend on. */
export const noInfluence = (name: string, targets: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate with respect to '${name}': it does not influence ${targets.join(', ')}`,
  );

/** A value for which gradients do not exist. */
export const notDifferentiable = (name: string, dtype: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate '${name}': its type is ${dtype}, not a float type`);

/** A loss that is not one number. */
export const notScalar = (name: string, shape: readonly (number | string)[]): CraquelureError =>
  new CraquelureError('ONNX', `Expected a scalar for loss '${name}' but its shape is [${shape.join(', ')}]`);

/** A value whose rank a rule needs and which is unknown. */
export const unknownRank = (name: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate through '${name}': its rank is unknown. Run shape inference on the model first`,
  );

// ---- gradcheck -----------------------------------------------------------------------------------------------

/** A model whose outputs are not finite at random inputs. */
export const notFiniteOutput = (model: string, output: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Output '${output}' of model '${model}' is NaN or infinite for random inputs. Give real inputs: --input NAME=FILE.npy`,
  );
