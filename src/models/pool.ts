/** @file Open models, each once: what a thread keeps from job to job. */
import { undeclaredRole } from '../messages/index.ts';
import type { Model } from '../onnx/model.ts';
import { openSession, type Session } from '../runtime/session.ts';
import { type OpenOptions, openModel, type RoleModel } from './open.ts';
import type { ResolvedModel } from './resolve.ts';
import type { ModelRole } from './roles.ts';

/** The models of one plug-in. */
export interface RoleModels {
  /** The model in that role, made ready when first asked for. @throws MODEL if the plug-in does not need that role. */
  open<R extends ModelRole>(role: R): Promise<RoleModel<R>>;
  has(role: ModelRole): boolean;
  /** All models in that role, at least one. */
  openAll<R extends ModelRole>(role: R): Promise<readonly RoleModel<R>[]>;
  /** A network of the plug-in's own, on the device and the threads that the roles' networks have; the caller closes it. */
  lend(network: Model, name: string): Promise<Session>;
}

/** The open models of a thread. */
export interface ModelPool {
  /** A plug-in's view: what plays each of its roles. */
  of(models: readonly ResolvedModel[]): RoleModels;
  close(): Promise<void>;
}

/** An empty pool. */
export function openPool(options: OpenOptions = {}): ModelPool {
  const opened = new Map<string, Promise<RoleModel>>();

  const open = (model: ResolvedModel): Promise<RoleModel> => {
    const name = `${model.role} ${model.key}`;
    const known = opened.get(name);
    if (known !== undefined) return known;
    const made = openModel(model, options);
    opened.set(name, made);
    made.catch(() => opened.delete(name));
    return made;
  };

  const inRole = (models: readonly ResolvedModel[], role: ModelRole): readonly ResolvedModel[] => {
    const playing = models.filter((each) => each.role === role);
    if (playing.length === 0) throw undeclaredRole(role);
    return playing;
  };

  return {
    of: (models) => ({
      has: (role) => models.some((each) => each.role === role),
      open: async <R extends ModelRole>(role: R) =>
        (await open(inRole(models, role)[0]!)) as unknown as RoleModel<R>,
      openAll: async <R extends ModelRole>(role: R) =>
        (await Promise.all(inRole(models, role).map(open))) as unknown as readonly RoleModel<R>[],
      lend: (network, name) => openSession(network, { ...options, name }),
    }),
    close: async () => {
      const models = await Promise.all(opened.values());
      opened.clear();
      await Promise.all(models.map((model) => model.close()));
    },
  };
}
