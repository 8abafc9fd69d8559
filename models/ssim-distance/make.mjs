/**
 * @file Writes `ssim-distance.onnx`, the formula of SSIM as a network without weights: 1 - the mean over windows, channels
 * and pixels (Wang et al. 2004; Gaussian of 11x11 and sigma 1.5, windows inside the image, range 1).
 *
 *     npm run build && node models/ssim-distance/make.mjs
 */
import { fileURLToPath } from 'node:url';
import { builtModel, graphBuilder } from '../../dist/onnx/builder.js';
import { writeModel } from '../../dist/onnx/files.js';

const SIDE = 11;
const SIGMA = 1.5;
const [C1, C2] = [0.01 ** 2, 0.03 ** 2];

const g = graphBuilder({ opset: 17, taken: ['a', 'b', 'distance'] });
const image = (name) => ({ name, dtype: 'float32', shape: ['n', 3, 'h', 'w'] });
for (const { name, ...type } of [image('a'), image('b')]) g.declare(name, type);

const bell = Float64Array.from({ length: SIDE }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * SIGMA ** 2)));
const total = bell.reduce((sum, weight) => sum + weight, 0);
const weights = Array.from({ length: 15 }, () => [...bell].map((weight) => weight / total)).flat();
const filtered = (x, window) =>
  g.emit('Conv', [x, g.constant('float32', [15, 1, ...window], weights)], { group: { kind: 'int', value: 15 } })[0];

const stacked = g.Concat(['a', 'b', g.Mul('a', 'a'), g.Mul('b', 'b'), g.Mul('a', 'b')], 1);
const means = filtered(filtered(stacked, [SIDE, 1]), [1, SIDE]);
const part = (i) => g.Slice(means, [3 * i], [3 * i + 3], [1]);
const [ma, mb, aa, bb, ab] = [0, 1, 2, 3, 4].map(part);
const plus = (x, value) => g.Add(x, g.scalar(value, x));
const twice = (x) => g.Mul(x, g.scalar(2, x));
const product = g.Mul(ma, mb);
const squares = g.Add(g.Mul(ma, ma), g.Mul(mb, mb));
const likeness = g.Div(
  g.Mul(plus(twice(product), C1), plus(twice(g.Sub(ab, product)), C2)),
  g.Mul(plus(squares, C1), plus(g.Sub(g.Add(aa, bb), squares), C2)),
);
const mean = g.ReduceMean(likeness, [1, 2, 3], { keepdims: false });
const distance = g.Sub(g.scalar(1, mean), mean);
g.append({ name: 'distance', opType: 'Identity', domain: '', inputs: [distance], outputs: ['distance'], attributes: {} });

const path = fileURLToPath(new URL('ssim-distance.onnx', import.meta.url));
await writeModel(builtModel(g, [image('a'), image('b')], ['distance'], { name: 'ssim distance' }), path);
