/** @file What protections, attacks and metrics have in common: the interface of a plug-in. */
import type { z } from 'zod';
import type { Image, Size } from '../image/image.ts';
import { undeclaredReference, undeclaredRole } from '../messages/index.ts';
import type { RoleModel } from '../models/open.ts';
import type { ModelRole } from '../models/roles.ts';
import type { RoleModels } from '../models/pool.ts';
import type { Model } from '../onnx/model.ts';
import type { CheckpointFile } from '../optim/checkpoint-file.ts';
import type { Random } from '../random.ts';
import { openSession, type Session } from '../runtime/session.ts';
import type { Transformation } from './transformation.ts';

/** A parameter schema: a strict object whose fields all have a default, a range and a description with the unit. */
export type ParameterSchema = z.ZodObject;

/** A role that a model has to play. `models` names the models if the parameters do; several form an ensemble. */
export interface RoleNeed {
  readonly role: ModelRole;
  readonly models?: readonly string[];
  /** True if the plug-in also works without: `models.has(role)` tells. */
  readonly optional?: boolean;
}

/** One model in each of these roles. */
export const roleNeeds = (...roles: readonly ModelRole[]): readonly RoleNeed[] =>
  roles.map((role) => ({ role }));

/**
 * What a parameter names: pictures (a file, a folder, a manifest or a generator; see `picturesOf`), or in a list of
 * texts chains of attacks that have a graph (see `transformationsOf`).
 */
export type Reference = 'pictures' | 'attacks';

/** A chain of attacks as a plug-in of another kind may use it: differentiable, for pictures of any one size. */
export interface NamedTransformation {
  /** As a call, with the keys of the models that are in it: equal labels are equal graphs. */
  readonly label: string;
  at(size: Size): Promise<Transformation>;
}

/** A picture that a parameter names. */
export interface NamedPicture {
  /** Path or name in its collection. */
  readonly id: string;
  readonly sha256: string;
  readonly artist?: string;
  /** What it shows, as a prompt would say it. */
  readonly caption?: string;
  load(): Promise<Image>;
}

/** The fields that every plug-in has. */
export interface PluginBase<S extends ParameterSchema = ParameterSchema> {
  /** The name in experiment files and on the command line; equals the key in the registry. */
  readonly id: string;
  /** Raised whenever the output can change: the artefact store's keys depend on it. */
  readonly version: number;
  /** The name in figures and tables. */
  readonly label: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** Where it comes from: paper, program or standard. */
  readonly reference: string;
  /** Parameters with defaults and units. */
  readonly params: S;
  /**
   * By today's name of a parameter: the name it had before. Seeds are still drawn under that one, so that a rename changes
   * no number, and the message about it says the new one.
   */
  readonly formerNames?: Readonly<Record<string, string>>;
  /** The roles of the networks that it needs with these parameters; empty for most attacks. */
  needs(params: z.infer<S>): readonly RoleNeed[];
  /** Models that the id itself names: no other may play these roles. Of a list the user chooses; else it is the first. */
  readonly pins?: Readonly<Partial<Record<ModelRole, string | readonly string[]>>>;
  /** Programs outside this package that the output depends on: versions by name. None where the program is not there. */
  programs?(params: z.infer<S>): Promise<Readonly<Record<string, string>>>;
  /** Parameters whose text names something outside the experiment file. */
  readonly refers?: Readonly<Record<string, Reference>>;
  /** True where the output depends on the seed. */
  readonly random: boolean;
}

/** What a plug-in chose or found on the way, as plain JSON. */
export type Note = string | number | { readonly [name: string]: Note };

/** Notes by name. */
export type Notes = Readonly<Record<string, Note>>;

/** What the harness hands to a plug-in beside image and parameters. */
export interface PluginContext {
  /** Seeded by the root seed and the job's key; the only source of randomness. */
  readonly random: Random;
  /** What plays the roles that the plug-in `needs`; see `openRole`. */
  readonly models?: RoleModels;
  /** What parameters name; see `picturesOf`. */
  readonly pictures?: (parameter: string) => readonly NamedPicture[];
  /** What an attack that learns has learnt; see `learnedIn`. */
  readonly trained?: Float32Array;
  /** Where a long training may keep its state; whoever hands it out removes the file when the job is done. */
  readonly training?: CheckpointFile;
  /** What parameters name; see `transformationsOf`. */
  readonly transformations?: (parameter: string) => readonly NamedTransformation[];
  /** Writes something down (the anchor chosen, a distance reached) that is kept beside the result. */
  readonly note?: (name: string, value: Note) => void;
  /** Aborted on Ctrl-C; long loops look at it. */
  readonly signal?: AbortSignal;
  /** Progress within one job, 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

/** The model in a role that the plug-in `needs`, made ready when first asked for. @throws MODEL */
export function openRole<R extends ModelRole>({ models }: PluginContext, role: R): Promise<RoleModel<R>> {
  if (models === undefined) throw undeclaredRole(role);
  return models.open(role);
}

/** All models in a role, in the order in which the parameters name them. @throws MODEL */
export function openRoles<R extends ModelRole>(
  { models }: PluginContext,
  role: R,
): Promise<readonly RoleModel<R>[]> {
  if (models === undefined) throw undeclaredRole(role);
  return models.openAll(role);
}

/** A network of the plug-in's own, where the models run, too; the caller closes it. @throws ONNX */
export function openOwn({ models }: PluginContext, network: Model, name: string): Promise<Session> {
  return models === undefined ? openSession(network, { name }) : models.lend(network, name);
}

/** The pictures that a parameter in `refers` names, at least one. @throws USAGE where it names none. */
export function picturesOf({ pictures }: PluginContext, parameter: string): readonly NamedPicture[] {
  if (pictures === undefined) throw undeclaredReference(parameter);
  return pictures(parameter);
}

/** The chains that a parameter in `refers` names; none where its list is empty. */
export function transformationsOf(
  { transformations }: PluginContext,
  parameter: string,
): readonly NamedTransformation[] {
  return transformations?.(parameter) ?? [];
}
