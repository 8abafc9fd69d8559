/**
 * @file `InceptionV3` as pytorch-fid publishes it: the Inception network of 2015-12-05 (Szegedy et al. 2015, arXiv:1512.00567)
 * that the Fréchet Inception Distance is defined by. Average pools do not count their padding, and the last block pools the
 * largest, as the original graph does.
 *
 *   image - five convolutions, two pools - A A A - B - C C C C - D - E E - mean over positions -> 2048 features
 */
import { float } from '../onnx/attributes.ts';
import type { Model, ValueInfo } from '../onnx/model.ts';
import type { Config } from './config.ts';
import { averagePool, conv2d, maxPool } from './layers/basic.ts';
import { type Net, network, type Value } from './layers/net.ts';
import type { Weights } from './weights/weights.ts';

/** `image` [n, 3, 299, 299] of about -1..1 to `features` [n, 2048]. */
export function inceptionV3(_config: Config, _path: string, weights: Weights): Model {
  const image: ValueInfo = { name: 'image', dtype: 'float32', shape: ['n', 3, 299, 299] };
  return network('InceptionV3', weights, [image], (net) => {
    let x = stem(net, 'image');
    for (const [name, pooled] of [
      ['5b', 32],
      ['5c', 64],
      ['5d', 64],
    ] as const)
      x = blockA(net, `Mixed_${name}`, x, pooled);
    x = blockB(net, 'Mixed_6a', x);
    for (const [name, inner] of [
      ['6b', 128],
      ['6c', 160],
      ['6d', 160],
      ['6e', 192],
    ] as const)
      x = blockC(net, `Mixed_${name}`, x, inner);
    x = blockD(net, 'Mixed_7a', x);
    x = blockE(net, 'Mixed_7b', x, averagePool);
    x = blockE(net, 'Mixed_7c', x, maxPool);
    return { features: net.g.ReduceMean(x, [2, 3], { keepdims: false }) };
  });
}

type Side = NonNullable<Parameters<typeof conv2d>[3]['side']>;

/** A convolution without bias, batch normalisation, relu. */
function unit(
  net: Net,
  path: string,
  x: Value,
  to: number,
  side: Side,
  more: { readonly stride?: number; readonly pad?: number } = {},
): Value {
  const y = conv2d(net, `${path}.conv`, x, { to, side, bias: false, ...more });
  const parts = ['weight', 'bias', 'running_mean', 'running_var'].map((name) =>
    net.weight(`${path}.bn.${name}`, [to]),
  );
  return net.g.Relu(net.g.emit('BatchNormalization', [y, ...parts], { epsilon: float(0.001) })[0]!);
}

const halving = { stride: 2, pad: 0 } as const;
const keeping = { side: 3, stride: 1, pad: 1 } as const;

function stem(net: Net, image: Value): Value {
  let x = unit(net, 'Conv2d_1a_3x3', image, 32, 3, halving);
  x = unit(net, 'Conv2d_2a_3x3', x, 32, 3, { pad: 0 });
  x = unit(net, 'Conv2d_2b_3x3', x, 64, 3);
  x = maxPool(net, x, { side: 3, stride: 2 });
  x = unit(net, 'Conv2d_3b_1x1', x, 80, 1);
  x = unit(net, 'Conv2d_4a_3x3', x, 192, 3, { pad: 0 });
  return maxPool(net, x, { side: 3, stride: 2 });
}

function blockA(net: Net, path: string, x: Value, pooled: number): Value {
  const five = unit(net, `${path}.branch5x5_1`, x, 48, 1);
  let double = unit(net, `${path}.branch3x3dbl_1`, x, 64, 1);
  double = unit(net, `${path}.branch3x3dbl_2`, double, 96, 3);
  return net.g.Concat(
    [
      unit(net, `${path}.branch1x1`, x, 64, 1),
      unit(net, `${path}.branch5x5_2`, five, 64, 5),
      unit(net, `${path}.branch3x3dbl_3`, double, 96, 3),
      unit(net, `${path}.branch_pool`, averagePool(net, x, keeping), pooled, 1),
    ],
    1,
  );
}

function blockB(net: Net, path: string, x: Value): Value {
  let double = unit(net, `${path}.branch3x3dbl_1`, x, 64, 1);
  double = unit(net, `${path}.branch3x3dbl_2`, double, 96, 3);
  return net.g.Concat(
    [
      unit(net, `${path}.branch3x3`, x, 384, 3, halving),
      unit(net, `${path}.branch3x3dbl_3`, double, 96, 3, halving),
      maxPool(net, x, { side: 3, stride: 2 }),
    ],
    1,
  );
}

function blockC(net: Net, path: string, x: Value, inner: number): Value {
  let seven = unit(net, `${path}.branch7x7_1`, x, inner, 1);
  seven = unit(net, `${path}.branch7x7_2`, seven, inner, [1, 7]);
  let double = unit(net, `${path}.branch7x7dbl_1`, x, inner, 1);
  double = unit(net, `${path}.branch7x7dbl_2`, double, inner, [7, 1]);
  double = unit(net, `${path}.branch7x7dbl_3`, double, inner, [1, 7]);
  double = unit(net, `${path}.branch7x7dbl_4`, double, inner, [7, 1]);
  return net.g.Concat(
    [
      unit(net, `${path}.branch1x1`, x, 192, 1),
      unit(net, `${path}.branch7x7_3`, seven, 192, [7, 1]),
      unit(net, `${path}.branch7x7dbl_5`, double, 192, [1, 7]),
      unit(net, `${path}.branch_pool`, averagePool(net, x, keeping), 192, 1),
    ],
    1,
  );
}

function blockD(net: Net, path: string, x: Value): Value {
  const three = unit(net, `${path}.branch3x3_1`, x, 192, 1);
  let seven = unit(net, `${path}.branch7x7x3_1`, x, 192, 1);
  seven = unit(net, `${path}.branch7x7x3_2`, seven, 192, [1, 7]);
  seven = unit(net, `${path}.branch7x7x3_3`, seven, 192, [7, 1]);
  return net.g.Concat(
    [
      unit(net, `${path}.branch3x3_2`, three, 320, 3, halving),
      unit(net, `${path}.branch7x7x3_4`, seven, 192, 3, halving),
      maxPool(net, x, { side: 3, stride: 2 }),
    ],
    1,
  );
}

function blockE(net: Net, path: string, x: Value, pool: typeof averagePool): Value {
  const three = unit(net, `${path}.branch3x3_1`, x, 384, 1);
  let double = unit(net, `${path}.branch3x3dbl_1`, x, 448, 1);
  double = unit(net, `${path}.branch3x3dbl_2`, double, 384, 3);
  return net.g.Concat(
    [
      unit(net, `${path}.branch1x1`, x, 320, 1),
      unit(net, `${path}.branch3x3_2a`, three, 384, [1, 3]),
      unit(net, `${path}.branch3x3_2b`, three, 384, [3, 1]),
      unit(net, `${path}.branch3x3dbl_3a`, double, 384, [1, 3]),
      unit(net, `${path}.branch3x3dbl_3b`, double, 384, [3, 1]),
      unit(net, `${path}.branch_pool`, pool(net, x, keeping), 192, 1),
    ],
    1,
  );
}
