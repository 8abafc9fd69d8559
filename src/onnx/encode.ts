/** @file From a Model to the bytes of an `.onnx` file. */
import {
  type Attribute,
  type Attributes,
  DATA_TYPES,
  type Dim,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  type StoredTensor,
  type ValueInfo,
} from './model.ts';
import { ModelProto } from './schema.ts';

/** The bytes of an `.onnx` file. External tensors stay references, relative to `model.folder`. */
export function encodeModel(model: Model): Uint8Array {
  return ModelProto.encode({
    irVersion: model.irVersion,
    producerName: 'craquelure',
    opsetImport: fromOpsets(model.opsets),
    graph: fromGraph(model.graph),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
    functions: model.functions.map(fromFunction),
  }).finish();
}

type Message = Readonly<Record<string, unknown>>;

const LARGEST = { low: -1, high: 0x7fffffff, unsigned: false };
const SMALLEST = { low: 0, high: -0x80000000, unsigned: false };

/** protobufjs wraps numbers beyond 64 bits around; "to the end" has to saturate. */
const fromNumber = (value: number): unknown => {
  if (value >= 2 ** 63) return LARGEST;
  return value <= -(2 ** 63) ? SMALLEST : value;
};

const fromText = (text: string): Uint8Array => Buffer.from(text, 'utf8');

const fromOpsets = (opsets: Readonly<Record<string, number>>): Message[] =>
  Object.entries(opsets).map(([domain, version]) => ({ domain, version }));

const fromGraph = (graph: Graph): Message => ({
  name: graph.name,
  node: graph.nodes.map(fromNode),
  initializer: graph.initializers.map(fromTensor),
  input: graph.inputs.map(fromValueInfo),
  output: graph.outputs.map(fromValueInfo),
  valueInfo: graph.valueInfo.map(fromValueInfo),
});

const fromFunction = (body: ModelFunction): Message => ({
  name: body.name,
  domain: body.domain,
  overload: body.overload,
  input: body.inputs,
  output: body.outputs,
  attribute: body.attributes,
  attributeProto: fromAttributes(body.attributeDefaults),
  node: body.nodes.map(fromNode),
  opsetImport: fromOpsets(body.opsets),
});

const fromNode = ({ name, opType, domain, inputs, outputs, attributes }: Node): Message => ({
  name,
  opType,
  domain,
  input: inputs,
  output: outputs,
  attribute: fromAttributes(attributes),
});

const fromAttributes = (attributes: Attributes): Message[] =>
  Object.entries(attributes).map(([name, attribute]) => ({ name, ...fromAttribute(attribute) }));

function fromAttribute(attribute: Attribute): Message {
  switch (attribute.kind) {
    case 'float':
      return { type: 1, f: attribute.value };
    case 'int':
      return { type: 2, i: fromNumber(attribute.value) };
    case 'string':
      return { type: 3, s: fromText(attribute.value) };
    case 'tensor':
      return { type: 4, t: fromTensor(attribute.value) };
    case 'graph':
      return { type: 5, g: fromGraph(attribute.value) };
    case 'floats':
      return { type: 6, floats: attribute.value };
    case 'ints':
      return { type: 7, ints: attribute.value.map(fromNumber) };
    case 'strings':
      return { type: 8, strings: attribute.value.map(fromText) };
    case 'tensors':
      return { type: 9, tensors: attribute.value.map(fromTensor) };
    case 'graphs':
      return { type: 10, graphs: attribute.value.map(fromGraph) };
    case 'reference':
      return { type: attribute.type, refAttrName: attribute.value };
  }
}

function fromTensor({ name, dtype, dims, raw, strings, external }: StoredTensor): Message {
  const head = { name, dims, dataType: DATA_TYPES.indexOf(dtype) };
  if (raw !== undefined) return { ...head, rawData: raw };
  if (strings !== undefined) return { ...head, stringData: strings };
  const entries = Object.entries(external ?? {}).map(([key, value]) => ({ key, value: String(value) }));
  return { ...head, externalData: entries, dataLocation: 1 };
}

const fromValueInfo = ({ name, dtype, shape }: ValueInfo): Message => ({
  name,
  ...(dtype !== undefined && {
    type: {
      tensorType: {
        elemType: DATA_TYPES.indexOf(dtype),
        ...(shape !== undefined && { shape: { dim: shape.map(fromDim) } }),
      },
    },
  }),
});

const fromDim = (dim: Dim): Message => {
  if (dim === null) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
};
