/** @file From the bytes of an `.onnx` file to a Model. Weights become views of those bytes. */
import { invalidModel } from '../messages/index.ts';
import {
  type Attribute,
  type Attributes,
  byteLength,
  DATA_TYPES,
  type DataType,
  type Dim,
  type ExternalData,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  type StoredTensor,
  type ValueInfo,
} from './model.ts';
import {
  type AttributeMessage,
  type DimensionMessage,
  type EntryMessage,
  type FunctionMessage,
  type GraphMessage,
  type Int64,
  type ModelMessage,
  ModelProto,
  type NodeMessage,
  type OpsetMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.ts';

/**
 * Reads a model from the bytes of an `.onnx` file.
 *
 * `name` is what errors call it; `folder` is where its external data lies. The bytes must not change afterwards.
 * Throws if the bytes are truncated, are not ONNX, or hold a tensor whose size does not fit its shape.
 */
export function decodeModel(
  bytes: Uint8Array,
  { name = 'model', folder }: { name?: string; folder?: string } = {},
): Model {
  const message = parse(bytes, name);
  if (message.graph == null || message.opsetImport.length === 0)
    throw invalidModel(name, 'it is not an ONNX file');
  try {
    return {
      irVersion: toNumber(message.irVersion),
      opsets: toOpsets(message.opsetImport),
      graph: toGraph(message.graph),
      functions: message.functions.map(toFunction),
      metadata: Object.fromEntries(message.metadataProps.map(({ key, value }) => [key, value])),
      ...(folder !== undefined && { folder }),
    };
  } catch (error) {
    if (error instanceof Malformed) throw invalidModel(name, error.message);
    throw error;
  }
}

/** A mistake inside a file, on its way to becoming an error that names the file. */
class Malformed extends Error {}

function parse(bytes: Uint8Array, name: string): ModelMessage {
  if (bytes.length === 0) throw invalidModel(name, 'the file is empty');
  // A Buffer makes protobufjs hand out views of it instead of copies.
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return ModelProto.decode(view) as unknown as ModelMessage;
  } catch (cause) {
    throw invalidModel(name, 'it is truncated or not an ONNX file', { cause });
  }
}

const toNumber = (value: Int64): number =>
  typeof value === 'number' ? value : value.high * 2 ** 32 + (value.low >>> 0);

const toNumbers = (values: readonly Int64[]): number[] => values.map(toNumber);

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const toOpsets = (opsets: readonly OpsetMessage[]): Record<string, number> =>
  Object.fromEntries(
    opsets.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, toNumber(version)]),
  );

function toGraph(graph: GraphMessage): Graph {
  if (graph.sparseInitializer.length > 0)
    throw new Malformed('it has sparse weights, which are not supported');
  const initializers = graph.initializer.map(toTensor);
  const weights = new Set(initializers.map(({ name }) => name));
  return {
    name: graph.name,
    nodes: graph.node.map(toNode),
    inputs: graph.input.filter(({ name }) => !weights.has(name)).map(toValueInfo),
    outputs: graph.output.map(toValueInfo),
    initializers,
    valueInfo: graph.valueInfo.map(toValueInfo),
  };
}

function toFunction(message: FunctionMessage): ModelFunction {
  const { name, domain, overload, input, output, attribute } = message;
  return {
    name,
    domain,
    overload,
    inputs: input,
    outputs: output,
    attributes: attribute,
    attributeDefaults: toAttributes(message.attributeProto),
    nodes: message.node.map(toNode),
    opsets: toOpsets(message.opsetImport),
  };
}

const toNode = ({ name, opType, domain, input, output, attribute }: NodeMessage): Node => ({
  name,
  opType,
  domain: domain === 'ai.onnx' ? '' : domain,
  inputs: input,
  outputs: output,
  attributes: toAttributes(attribute),
});

const toAttributes = (attributes: readonly AttributeMessage[]): Attributes =>
  Object.fromEntries(attributes.map((attribute) => [attribute.name, toAttribute(attribute)]));

/** `AttributeProto.type` to the field that it selects. */
const ATTRIBUTES: readonly (((message: AttributeMessage) => Attribute) | undefined)[] = [
  undefined,
  ({ f }) => ({ kind: 'float', value: f }),
  ({ i }) => ({ kind: 'int', value: toNumber(i) }),
  ({ s }) => ({ kind: 'string', value: toText(s) }),
  ({ t }) => ({ kind: 'tensor', value: toTensor(t!) }),
  ({ g }) => ({ kind: 'graph', value: toGraph(g!) }),
  ({ floats }) => ({ kind: 'floats', value: floats }),
  ({ ints }) => ({ kind: 'ints', value: toNumbers(ints) }),
  ({ strings }) => ({ kind: 'strings', value: strings.map(toText) }),
  ({ tensors }) => ({ kind: 'tensors', value: tensors.map(toTensor) }),
  ({ graphs }) => ({ kind: 'graphs', value: graphs.map(toGraph) }),
];

function toAttribute(message: AttributeMessage): Attribute {
  if (message.refAttrName !== '')
    return { kind: 'reference', value: message.refAttrName, type: message.type };
  const read = ATTRIBUTES[message.type];
  const absent = (message.type === 4 && message.t == null) || (message.type === 5 && message.g == null);
  if (read === undefined || absent) throw new Malformed(`attribute '${message.name}' has no value`);
  return read(message);
}

const toValueInfo = ({ name, type }: ValueInfoMessage): ValueInfo => {
  const tensor = type?.tensorType;
  if (tensor == null) return { name };
  return {
    name,
    dtype: toDataType(tensor.elemType),
    ...(tensor.shape != null && { shape: tensor.shape.dim.map(toDim) }),
  };
};

const toDim = (dim: DimensionMessage): Dim => {
  if (dim.value === 'dimValue') return toNumber(dim.dimValue!);
  return dim.value === 'dimParam' && dim.dimParam !== '' ? dim.dimParam! : null;
};

function toDataType(code: number): DataType {
  const type = DATA_TYPES[code];
  if (type === undefined) throw new Malformed(`its element type ${code} is unknown`);
  return type;
}

function toTensor(message: TensorMessage): StoredTensor {
  const { name } = message;
  const dtype = toDataType(message.dataType);
  const dims = toNumbers(message.dims);
  if (message.segment != null) throw new Malformed(`tensor '${name}' is stored in segments`);
  if (message.dataLocation === 1)
    return { name, dtype, dims, external: toExternal(name, message.externalData) };
  if (dtype === 'string') return { name, dtype, dims, strings: message.stringData };
  const raw = message.rawData.length > 0 ? message.rawData : packed(dtype, message);
  const bytes = byteLength(dtype, dims);
  if (bytes !== raw.length) {
    throw new Malformed(`tensor '${name}' of shape [${dims}] needs ${bytes} bytes but has ${raw.length}`);
  }
  return { name, dtype, dims, raw };
}

function toExternal(name: string, entries: readonly EntryMessage[]): ExternalData {
  const value = new Map(entries.map((entry) => [entry.key, entry.value]));
  const location = value.get('location');
  const offset = Number(value.get('offset') ?? 0);
  const length = value.has('length') ? Number(value.get('length')) : undefined;
  const sound = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
  if (location === undefined || location === '' || !sound(offset) || !sound(length ?? 0)) {
    throw new Malformed(`tensor '${name}' does not say where its external data lies`);
  }
  return { location, offset, ...(length !== undefined && { length }) };
}

/** The values of a typed field (`float_data`, ...) as ONNX would store them in `raw_data`. */
function packed(dtype: DataType, message: TensorMessage): Uint8Array {
  const bytesOf = (array: ArrayBufferView): Uint8Array =>
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  switch (dtype) {
    case 'float32':
    case 'complex64':
      return bytesOf(Float32Array.from(message.floatData));
    case 'float64':
    case 'complex128':
      return bytesOf(Float64Array.from(message.doubleData));
    case 'int64':
      return bytesOf(BigInt64Array.from(message.int64Data, toBigInt));
    case 'uint64':
      return bytesOf(BigUint64Array.from(message.uint64Data, toBigInt));
    case 'uint32':
      return bytesOf(Uint32Array.from(message.uint64Data, toNumber));
    case 'int32':
      return bytesOf(Int32Array.from(message.int32Data));
    case 'uint16':
    case 'int16':
    case 'float16':
    case 'bfloat16':
      return bytesOf(Uint16Array.from(message.int32Data));
    default:
      return bytesOf(Uint8Array.from(message.int32Data));
  }
}

const toBigInt = (value: Int64): bigint =>
  typeof value === 'number' ? BigInt(value) : (BigInt(value.high) << 32n) + BigInt(value.low >>> 0);
