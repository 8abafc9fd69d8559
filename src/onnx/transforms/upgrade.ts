/**
 * @file Raising a model to a later operator set, where an operator has another form there.
 *
 * Only what changed form between operator sets 7 and 16 is rewritten: attributes that became inputs, Softmax over
 * flattened axes, Upsample. All else means the same in both.
 */
import { oldOpset } from '../../messages/index.ts';
import { int, intOf, intsOf, text, textOf } from '../attributes.ts';
import { inferTypes, type ValueType } from '../infer.ts';
import type { Attributes, Graph, Model, Node, StoredTensor } from '../model.ts';
import { type DType, fromNumbers, tensorBytes } from '../tensor.ts';

/** The oldest operator set that can be raised: broadcasting became what it is in 7. */
const OLDEST = 7;

/** The model in operator set `to`, or as it is where it is there already. Throws for sets before 7. */
export function upgradeOpset(model: Model, to: number): Model {
  const from = model.opsets[''] ?? 1;
  if (from >= to) return model;
  if (from < OLDEST) throw oldOpset(from, OLDEST);
  const opsets = { ...model.opsets, '': to };
  return {
    ...model,
    irVersion: Math.max(model.irVersion, 8),
    opsets,
    graph: raisedGraph(model.graph, from, to),
  };
}

/** Where a rewrite puts constants and finds types. */
interface Site {
  readonly typeOf: (value: string) => ValueType;
  /** A new constant's name. */
  constant(dtype: DType, dims: readonly number[], values: readonly number[]): string;
  /** A name for a value between the nodes that replace `node`. */
  inner(node: Node, hint: string): string;
}

/** An operator's form up to and including operator set `until`, rewritten to the next form. */
interface Rewrite {
  readonly until: number;
  readonly apply: (node: Node, site: Site) => readonly Node[];
}

function raisedGraph(graph: Graph, from: number, to: number): Graph {
  const constants: StoredTensor[] = [];
  const types = inferTypes(graph, from);
  const site: Site = {
    typeOf: (value) => types.get(value) ?? {},
    constant: (dtype, dims, values) => {
      const name = `${graph.name}/raised_${constants.length}`;
      constants.push({ name, dtype, dims, raw: tensorBytes(fromNumbers(dtype, dims, values)) });
      return name;
    },
    inner: (node, hint) => `${node.outputs[0]}/${hint}`,
  };
  const nodes = graph.nodes.flatMap((node) => {
    const steps = (REWRITES[node.opType] ?? []).filter(({ until }) => from <= until && until < to);
    return steps.reduce<readonly Node[]>(
      (made, { apply }) => made.flatMap((n) => (n.opType in REWRITES ? apply(n, site) : [n])),
      [withRaisedBodies(node, from, to)],
    );
  });
  return { ...graph, nodes, initializers: [...graph.initializers, ...constants] };
}

const withRaisedBodies = (node: Node, from: number, to: number): Node => ({
  ...node,
  attributes: Object.fromEntries(
    Object.entries(node.attributes).map(([name, attribute]) => [
      name,
      attribute.kind === 'graph'
        ? { ...attribute, value: raisedGraph(attribute.value, from, to) }
        : attribute,
    ]),
  ),
});

const without = (attributes: Attributes, ...names: readonly string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

/** An attribute that lists integers becomes the input at `position`. */
const toInput =
  (name: string, position: number): Rewrite['apply'] =>
  (node, site) => {
    const list = intsOf(node, name);
    if (list === undefined) return [node];
    const inputs = Array.from({ length: position }, (_, i) => node.inputs[i] ?? '');
    return [
      {
        ...node,
        inputs: [...inputs, site.constant('int64', [list.length], list)],
        attributes: without(node.attributes, name),
      },
    ];
  };

/** Up to 12, axes from `axis` (default: 1) on are one axis together. */
const flattenedSoftmax: Rewrite['apply'] = (node, site) => {
  const [x = ''] = node.inputs;
  const rank = site.typeOf(x).shape?.length;
  const axis = intOf(node, 'axis', 1);
  const last: Attributes = { ...node.attributes, axis: int(-1) };
  if (axis === -1 || (rank !== undefined && (axis + rank) % rank === rank - 1)) {
    return [{ ...node, attributes: last }];
  }
  const [flat, soft, shape] = ['flat', 'soft', 'shape'].map((hint) => site.inner(node, hint)) as [
    string,
    string,
    string,
  ];
  const plain = { name: '', domain: '', attributes: {} };
  return [
    { ...plain, opType: 'Flatten', inputs: [x], outputs: [flat], attributes: { axis: int(axis) } },
    { ...node, inputs: [flat], outputs: [soft], attributes: last },
    { ...plain, opType: 'Shape', inputs: [x], outputs: [shape] },
    { ...plain, opType: 'Reshape', inputs: [soft, shape], outputs: node.outputs },
  ];
};

const clip: Rewrite['apply'] = (node, site) => {
  const { min, max } = node.attributes;
  const dtype = (site.typeOf(node.inputs[0]!).dtype ?? 'float32') as DType;
  const bound = (attribute: Attributes[string] | undefined): string =>
    attribute?.kind === 'float' ? site.constant(dtype, [], [attribute.value]) : '';
  return [{ ...node, inputs: [node.inputs[0]!, bound(min), bound(max)], attributes: {} }];
};

const pad: Rewrite['apply'] = (node, site) => {
  const pads = intsOf(node, 'pads') ?? [];
  const { value } = node.attributes;
  const dtype = (site.typeOf(node.inputs[0]!).dtype ?? 'float32') as DType;
  const fill = site.constant(dtype, [], [value?.kind === 'float' ? value.value : 0]);
  const mode = text(textOf(node, 'mode', 'constant'));
  const amounts = site.constant('int64', [pads.length], pads);
  return [{ ...node, inputs: [node.inputs[0]!, amounts, fill], attributes: { mode } }];
};

const slice: Rewrite['apply'] = (node, site) => {
  const [starts, ends, axes] = ['starts', 'ends', 'axes'].map((name) => intsOf(node, name));
  if (starts === undefined || ends === undefined) return [node];
  const all = [starts, ends, axes ?? starts.map((_, i) => i)];
  const inputs = all.map((list) => site.constant('int64', [list.length], list));
  return [{ ...node, inputs: [node.inputs[0]!, ...inputs], attributes: {} }];
};

/** Upsample, and Resize up to 10, take `floor(i / scale)`; later Resize says so in attributes. */
const resize: Rewrite['apply'] = (node, site) => {
  const attribute = node.attributes.scales;
  const scales =
    attribute?.kind === 'floats'
      ? site.constant('float32', [attribute.value.length], attribute.value)
      : node.inputs[1]!;
  const attributes: Attributes = {
    mode: text(textOf(node, 'mode', 'nearest')),
    coordinate_transformation_mode: text('asymmetric'),
    nearest_mode: text('floor'),
  };
  return [{ ...node, opType: 'Resize', inputs: [node.inputs[0]!, '', scales], attributes }];
};

const topK: Rewrite['apply'] = (node, site) => [
  {
    ...node,
    inputs: [node.inputs[0]!, site.constant('int64', [1], [intOf(node, 'k', 1)])],
    attributes: without(node.attributes, 'k'),
  },
];

const dropping =
  (...names: readonly string[]): Rewrite['apply'] =>
  (node) => [{ ...node, attributes: without(node.attributes, ...names) }];

const withDefault =
  (attributes: Attributes): Rewrite['apply'] =>
  (node) => [{ ...node, attributes: { ...attributes, ...node.attributes } }];

const REWRITES: Readonly<Record<string, readonly Rewrite[]>> = {
  BatchNormalization: [{ until: 8, apply: dropping('spatial') }],
  Clip: [{ until: 10, apply: clip }],
  Dropout: [{ until: 11, apply: dropping('ratio') }],
  Hardmax: [{ until: 12, apply: flattenedSoftmax }],
  LogSoftmax: [{ until: 12, apply: flattenedSoftmax }],
  Pad: [{ until: 10, apply: pad }],
  ReduceSum: [{ until: 12, apply: toInput('axes', 1) }],
  Resize: [{ until: 10, apply: resize }],
  RoiAlign: [
    { until: 15, apply: withDefault({ coordinate_transformation_mode: text('output_half_pixel') }) },
  ],
  Slice: [{ until: 9, apply: slice }],
  Softmax: [{ until: 12, apply: flattenedSoftmax }],
  Split: [{ until: 12, apply: toInput('split', 1) }],
  Squeeze: [{ until: 12, apply: toInput('axes', 1) }],
  TopK: [{ until: 9, apply: topK }],
  Unsqueeze: [{ until: 12, apply: toInput('axes', 1) }],
  Upsample: [{ until: 10, apply: resize }],
};
