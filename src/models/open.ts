/** @file Models made ready: a role's graph on a device, run on named tensors; and graphs derived from it, made once. */
import type { Size } from '../image/image.ts';
import { misfitSize } from '../messages/index.ts';
import { readModel } from '../onnx/files.ts';
import type { Model } from '../onnx/model.ts';
import type { NamedTensors, Tensor, TensorOf } from '../onnx/tensor.ts';
import { withWideWeights } from '../onnx/transforms/widen.ts';
import { openSession, type Session, type SessionOptions } from '../runtime/session.ts';
import { readNetwork } from './network.ts';
import type { ResolvedModel } from './resolve.ts';
import { type ModelRole, type RoleInput, type RoleOutput, ROLES } from './roles.ts';
import { standardGraph } from './standard.ts';

/** What a role's graph takes: its own inputs, and those that only this model has. */
export type RoleInputs<R extends ModelRole> = Readonly<Record<RoleInput<R>, Tensor>> & NamedTensors;

/** What a role's graph gives: float32, whatever the file computes in. */
export type RoleOutputs<R extends ModelRole> = Readonly<Record<RoleOutput<R>, TensorOf<'float32'>>>;

/** A model playing a role. */
export interface RoleModel<R extends ModelRole = ModelRole> {
  readonly model: ResolvedModel;
  /** The role's graph: names, ranges and scales as `roles.ts` says. To differentiate, to compose, to insert LoRA into. */
  readonly graph: Model;
  /** @throws IMAGE if an image's sides do not fit the model, USAGE if a tensor does not fit the graph. */
  run(inputs: RoleInputs<R>): Promise<RoleOutputs<R>>;
  /**
   * A session of a graph made from this one (its gradient, a loss behind it), on the same device. `name` says what it is:
   * it is built once for each name.
   */
  derive(name: string, build: (graph: Model) => Model | Promise<Model>): Promise<Session>;
  /** The same, but made for the caller alone, who closes it: for a training, whose gradients nobody else uses. */
  lend(name: string, build: (graph: Model) => Model | Promise<Model>): Promise<Session>;
  close(): Promise<void>;
}

/** How sessions are opened. */
export type OpenOptions = Pick<SessionOptions, 'device' | 'threads'>;

/** A resolved model's graph under its role's names, without a session. @throws as `openModel` does */
export async function readRole(model: ResolvedModel): Promise<Model> {
  const { id, role, fill, files } = model;
  // A checkpoint's halves stay where they are, and are widened by the runtime: they are many more than an export's.
  const paths = files.map(({ path }) => path);
  const graph =
    fill.network === undefined
      ? withWideWeights(await readModel(paths[0]!))
      : await readNetwork(fill.network, role, paths);
  return standardGraph(graph, { id, role, fill });
}

/** Reads a resolved model and makes it ready. @throws MODEL if its ports are not the role's, ONNX if it is broken. */
export async function openModel<R extends ModelRole>(
  model: ResolvedModel & { readonly role: R },
  options: OpenOptions = {},
): Promise<RoleModel<R>> {
  const { id, role } = model;
  const graph = await readRole(model);
  const sessions = new Map<string, Promise<Session>>();

  const lend: RoleModel['lend'] = async (name, build) =>
    openSession(await build(graph), { ...options, name: name === '' ? id : `${id}, ${name}` });

  const derive: RoleModel['derive'] = (name, build) => {
    const known = sessions.get(name);
    if (known !== undefined) return known;
    const made = lend(name, build);
    sessions.set(name, made);
    made.catch(() => sessions.delete(name));
    return made;
  };

  const run = async (inputs: NamedTensors): Promise<NamedTensors> => {
    for (const [name, port] of Object.entries(ROLES[role].inputs)) {
      const [, , height, width] = inputs[name]?.dims ?? [];
      if (port.holds === 'pixels' && width !== undefined && height !== undefined)
        assertSides(model, { width, height });
    }
    return (await derive('', (each) => each)).run(inputs);
  };

  const close = async (): Promise<void> => {
    const open = await Promise.all(sessions.values());
    sessions.clear();
    await Promise.all(open.map((session) => session.close()));
  };

  return { model, graph, run: run as unknown as RoleModel<R>['run'], derive, lend, close };
}

/** Checks the sides of an image against what a model takes. @throws IMAGE */
function assertSides({ id, fill: { size, multiple = 1 } }: ResolvedModel, image: Size): void {
  const { width, height } = image;
  if (size !== undefined && (width !== size || height !== size)) {
    throw misfitSize(id, image, `${size}x${size} px`);
  }
  if (width % multiple !== 0 || height % multiple !== 0) {
    throw misfitSize(id, image, `sides that are multiples of ${multiple} px`);
  }
}
