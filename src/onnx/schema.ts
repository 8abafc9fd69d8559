/** @file The part of the ONNX protobuf schema (onnx.proto3, IR version 11) that this program reads and writes. */
import protobuf from 'protobufjs/light.js';

type FieldSpec = readonly [id: number, type: string, rule?: 'repeated'];

const message = (fields: Readonly<Record<string, FieldSpec>>): protobuf.IType => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
  ),
});

const many = (id: number, type: string): FieldSpec => [id, type, 'repeated'];

const root = protobuf.Root.fromJSON({
  options: { syntax: 'proto3' },
  nested: {
    StringStringEntryProto: message({ key: [1, 'string'], value: [2, 'string'] }),
    OperatorSetIdProto: message({ domain: [1, 'string'], version: [2, 'int64'] }),
    ModelProto: message({
      irVersion: [1, 'int64'],
      opsetImport: many(8, 'OperatorSetIdProto'),
      producerName: [2, 'string'],
      producerVersion: [3, 'string'],
      graph: [7, 'GraphProto'],
      metadataProps: many(14, 'StringStringEntryProto'),
      functions: many(25, 'FunctionProto'),
    }),
    GraphProto: message({
      node: many(1, 'NodeProto'),
      name: [2, 'string'],
      initializer: many(5, 'TensorProto'),
      sparseInitializer: many(15, 'SparseTensorProto'),
      input: many(11, 'ValueInfoProto'),
      output: many(12, 'ValueInfoProto'),
      valueInfo: many(13, 'ValueInfoProto'),
    }),
    SparseTensorProto: message({}),
    NodeProto: message({
      input: many(1, 'string'),
      output: many(2, 'string'),
      name: [3, 'string'],
      opType: [4, 'string'],
      domain: [7, 'string'],
      attribute: many(5, 'AttributeProto'),
    }),
    AttributeProto: message({
      name: [1, 'string'],
      refAttrName: [21, 'string'],
      type: [20, 'int32'],
      f: [2, 'float'],
      i: [3, 'int64'],
      s: [4, 'bytes'],
      t: [5, 'TensorProto'],
      g: [6, 'GraphProto'],
      floats: many(7, 'float'),
      ints: many(8, 'int64'),
      strings: many(9, 'bytes'),
      tensors: many(10, 'TensorProto'),
      graphs: many(11, 'GraphProto'),
    }),
    TensorProto: message({
      dims: many(1, 'int64'),
      dataType: [2, 'int32'],
      segment: [3, 'Segment'],
      floatData: many(4, 'float'),
      int32Data: many(5, 'int32'),
      stringData: many(6, 'bytes'),
      int64Data: many(7, 'int64'),
      name: [8, 'string'],
      rawData: [9, 'bytes'],
      doubleData: many(10, 'double'),
      uint64Data: many(11, 'uint64'),
      externalData: many(13, 'StringStringEntryProto'),
      dataLocation: [14, 'int32'],
    }),
    Segment: message({ begin: [1, 'int64'], end: [2, 'int64'] }),
    ValueInfoProto: message({ name: [1, 'string'], type: [2, 'TypeProto'] }),
    TypeProto: message({ tensorType: [1, 'TensorTypeProto'] }),
    TensorTypeProto: message({ elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] }),
    TensorShapeProto: message({ dim: many(1, 'DimensionProto') }),
    DimensionProto: {
      ...message({ dimValue: [1, 'int64'], dimParam: [2, 'string'] }),
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
    },
    FunctionProto: message({
      name: [1, 'string'],
      input: many(4, 'string'),
      output: many(5, 'string'),
      attribute: many(6, 'string'),
      attributeProto: many(11, 'AttributeProto'),
      node: many(7, 'NodeProto'),
      opsetImport: many(9, 'OperatorSetIdProto'),
      domain: [10, 'string'],
      overload: [13, 'string'],
    }),
  },
});

/** The message at the root of an `.onnx` file. */
export const ModelProto = root.lookupType('ModelProto');

// ---- the decoded messages, as protobufjs hands them over (absent scalars are zero, absent lists empty) ----

/** A 64-bit integer as decoded: protobufjs gives a Long where that package is present, else a number. */
export type Int64 = number | protobuf.Long;

export interface EntryMessage {
  readonly key: string;
  readonly value: string;
}

export interface OpsetMessage {
  readonly domain: string;
  readonly version: Int64;
}

export interface TensorMessage {
  readonly dims: readonly Int64[];
  readonly dataType: number;
  readonly segment?: object | null;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly Int64[];
  readonly name: string;
  readonly rawData: Uint8Array;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly Int64[];
  readonly externalData: readonly EntryMessage[];
  readonly dataLocation: number;
}

export interface AttributeMessage {
  readonly name: string;
  readonly refAttrName: string;
  readonly type: number;
  readonly f: number;
  readonly i: Int64;
  readonly s: Uint8Array;
  readonly t?: TensorMessage | null;
  readonly g?: GraphMessage | null;
  readonly floats: readonly number[];
  readonly ints: readonly Int64[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly TensorMessage[];
  readonly graphs: readonly GraphMessage[];
}

export interface NodeMessage {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeMessage[];
}

export interface DimensionMessage {
  /** Which of the two is present; absent for an unknown dimension. */
  readonly value?: 'dimValue' | 'dimParam';
  readonly dimValue?: Int64;
  readonly dimParam?: string;
}

export interface ValueInfoMessage {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly DimensionMessage[] } | null;
    } | null;
  } | null;
}

export interface GraphMessage {
  readonly node: readonly NodeMessage[];
  readonly name: string;
  readonly initializer: readonly TensorMessage[];
  readonly sparseInitializer: readonly object[];
  readonly input: readonly ValueInfoMessage[];
  readonly output: readonly ValueInfoMessage[];
  readonly valueInfo: readonly ValueInfoMessage[];
}

export interface FunctionMessage {
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly string[];
  readonly attributeProto: readonly AttributeMessage[];
  readonly node: readonly NodeMessage[];
  readonly opsetImport: readonly OpsetMessage[];
  readonly domain: string;
  readonly overload: string;
}

export interface ModelMessage {
  readonly irVersion: Int64;
  readonly opsetImport: readonly OpsetMessage[];
  readonly graph?: GraphMessage | null;
  readonly metadataProps: readonly EntryMessage[];
  readonly functions: readonly FunctionMessage[];
}
