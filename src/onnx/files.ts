/** @file Models on disk: reading, writing, and the external data that lies beside them. */
import { open, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { invalidModel, reasonOf, unusableExternalData } from '../messages/index.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { assertLimits } from './limits.ts';
import { byteLength, type Graph, type Model, type StoredTensor } from './model.ts';
import { writeAtomically } from '../files/atomic.ts';

/**
 * Reads an `.onnx` file. Weights inside it become views of its bytes; weights outside it are checked (present, inside
 * the model's folder, long enough) but not read.
 */
export async function readModel(path: string): Promise<Model> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw invalidModel(path, reasonOf(cause), { cause });
  });
  const folder = dirname(resolve(path));
  const model = decodeModel(bytes, { name: path, folder });
  assertLimits(model, path);
  await checkExternalData(model, path);
  return model;
}

/**
 * Writes an `.onnx` file. A model with external data can only be written into the folder that its data lies in.
 * The file appears whole or not at all.
 */
export async function writeModel(model: Model, path: string): Promise<void> {
  const folder = dirname(resolve(path));
  const outside = tensorsOf(model.graph).find(({ external }) => external !== undefined);
  if (outside !== undefined && model.folder !== folder) {
    throw unusableExternalData(
      path,
      outside.name,
      `it lies in '${model.folder}'; write the model into that folder`,
    );
  }
  await writeAtomically(path, encodeModel(model), { makeFolders: false });
}

/** Every constant array of a graph: initializers, attributes and those of nested graphs. */
export function tensorsOf(graph: Graph): StoredTensor[] {
  const inner = graph.nodes.flatMap(({ attributes }) =>
    Object.values(attributes).flatMap((attribute) => {
      if (attribute.kind === 'tensor') return [attribute.value];
      if (attribute.kind === 'tensors') return attribute.value;
      if (attribute.kind === 'graph') return tensorsOf(attribute.value);
      return attribute.kind === 'graphs' ? attribute.value.flatMap(tensorsOf) : [];
    }),
  );
  return [...graph.initializers, ...inner];
}

async function checkExternalData(model: Model, path: string): Promise<void> {
  // A download cache may hold links: what they point to has to lie beside what the model's own link points to.
  const folders = [await realpath(model.folder!), dirname(await realpath(path))];
  const sizes = new Map<string, number>();
  for (const { name, dtype, dims, external } of tensorsOf(model.graph)) {
    if (external === undefined) continue;
    const { location, offset } = external;
    const size = sizes.get(location) ?? (await sizeInside(folders, location, path, name));
    sizes.set(location, size);
    const bytes = byteLength(dtype, dims);
    const length = external.length ?? bytes ?? 0;
    if (bytes !== undefined && length < bytes) {
      throw unusableExternalData(
        path,
        name,
        `its shape [${dims}] needs ${bytes} bytes but it says ${length}`,
      );
    }
    if (offset + length > size) {
      throw unusableExternalData(
        path,
        name,
        `'${location}' has ${size} bytes but ${offset + length} are needed`,
      );
    }
  }
}

/** Bytes of an external file, which has to be a readable file inside one of the folders once links are followed. */
async function sizeInside(
  folders: readonly string[],
  location: string,
  path: string,
  tensor: string,
): Promise<number> {
  const target = resolve(folders[0]!, location);
  if (isAbsolute(location) || outside(target, folders[0]!)) {
    throw unusableExternalData(path, tensor, `'${location}' points outside the model's folder`);
  }
  const real = await realpath(target).catch(() => undefined);
  if (real === undefined)
    throw unusableExternalData(path, tensor, `'${location}' is missing from the model's folder`);
  if (folders.every((folder) => outside(real, folder)))
    throw unusableExternalData(path, tensor, `'${location}' is a link out of the model's folder`);
  const handle = await open(real, 'r').catch((cause: unknown) => {
    throw unusableExternalData(path, tensor, reasonOf(cause));
  });
  await handle.close();
  const { size } = await stat(real);
  return size;
}

function outside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}
