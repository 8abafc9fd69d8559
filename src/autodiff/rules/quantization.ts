/**
 * @file Rules of quantised models: rounding is passed straight through, and what the integers cannot hold has no gradient,
 * as in `torch.fake_quantize`. Quantisers fold a ReLU into that range, so the range is a part of the network.
 */
import { intOf } from '../../onnx/attributes.ts';
import { type DataType, DATA_TYPES, type Node } from '../../onnx/model.ts';
import type { Value } from '../../onnx/operators.ts';
import { type Rule, rule } from '../rule.ts';
import type { Tape } from '../tape.ts';

/** The least and the largest number that a quantised type holds. */
const RANGES: Partial<Record<DataType, readonly [number, number]>> = {
  uint4: [0, 15],
  int4: [-8, 7],
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  float8e4m3fn: [-448, 448],
  float8e4m3fnuz: [-240, 240],
  float8e5m2: [-57344, 57344],
  float8e5m2fnuz: [-57344, 57344],
};

/** QuantizeLinear: 1 if `round(x / scale) + zero` is a number of the integer type, 0 elsewhere. */
const quantize = rule((ct, node, g) => [
  () => {
    const [x = '', scale = '', zero = ''] = node.inputs;
    const dtype = quantisedType(node, g);
    const range = RANGES[dtype];
    if (range === undefined) return ct;
    const steps = g.Div(x, likeElements(g, node, scale));
    const whole = dtype.startsWith('float8') ? steps : g.emit('Round', [steps])[0]!;
    const level = zero === '' ? whole : g.Add(whole, likeElements(g, node, g.Cast(zero, typeOf(g, x))));
    const above = g.GreaterOrEqual(level, g.scalar(range[0], x));
    const below = g.LessOrEqual(level, g.scalar(range[1], x));
    return g.Mul(ct, g.mask(g.And(above, below), x));
  },
]);

const typeOf = (g: Tape, x: Value): DataType => g.typeOf(x).dtype ?? 'float32';

/** As the zero point says, else `output_dtype`, else uint8. */
function quantisedType(node: Node, g: Tape): DataType {
  const zero = node.inputs[2] ?? '';
  if (zero !== '') return g.typeOf(zero).dtype ?? 'uint8';
  const code = intOf(node, 'output_dtype', 0); // 0 is absent
  return code === 0 ? 'uint8' : (DATA_TYPES[code] ?? 'uint8');
}

/**
 * A scale or a zero point in a shape that fits the elements of the quantised tensor. One for each channel, or for each
 * block, is spread by the operator that knows how: `1 * scale`.
 */
function likeElements(g: Tape, node: Node, value: Value): Value {
  const [x = ''] = node.inputs;
  const shape = g.typeOf(value).shape;
  if (shape?.every((size) => size === 1) && shape.length <= 1) return value;
  const ones = g.Cast(g.full(x, 1), 'uint8');
  const { axis, block_size: block } = node.attributes;
  return g.emit('DequantizeLinear', [ones, value], {
    ...(axis && { axis }),
    ...(block && { block_size: block }),
  })[0]!;
}

export const QUANTIZATION = {
  DequantizeLinear: rule((ct) => [ct]),
  QuantizeLinear: quantize,
} as const satisfies Record<string, Rule>;
