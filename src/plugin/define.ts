/** @file The interface of a plug-in, which protections, attacks and metrics share. */
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

/** A parameter schema: a strict object whose fields have a default, a range and a description with the unit. */
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
 * What the text of a parameter refers to: images (a file, folder, manifest or generator; see `picturesOf`), or a list of
 * chains of attacks that have a graph (see `transformationsOf`).
 */
export type Reference = 'pictures' | 'attacks';

/** A chain of attacks for use in a plug-in of another kind: differentiable, for images of one size at a time. */
export interface NamedTransformation {
  /** The chain as a call, with the keys of its models: equal labels are equal graphs. */
  readonly label: string;
  at(size: Size): Promise<Transformation>;
}

/** An image that a parameter refers to. */
export interface NamedPicture {
  /** Its path, or its name in the collection. */
  readonly id: string;
  readonly sha256: string;
  readonly artist?: string;
  /** What it shows, in the words of a prompt. */
  readonly caption?: string;
  load(): Promise<Image>;
}

/**
 * What a protection or attack is there for if not for its own sake. baseline: it does nothing; placebo: it changes the image
 * as much as a protection does, without a method.
 */
export type ComparisonRole = 'baseline' | 'placebo';

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
  /** Its source: a paper, program or standard. */
  readonly reference: string;
  /** Parameters with defaults and units. */
  readonly params: S;
  /**
   * Earlier names of parameters, by their current names. Seeds still depend on the earlier name, so that a rename changes no
   * number. The message about an earlier name gives the current one.
   */
  readonly formerNames?: Readonly<Record<string, string>>;
  /** The roles of the networks that it needs with these parameters; empty for most attacks. */
  needs(params: z.infer<S>): readonly RoleNeed[];
  /** The models that may play a role, if the id names them. The user chooses from a list (default: the first). */
  readonly pins?: Readonly<Partial<Record<ModelRole, string | readonly string[]>>>;
  /** Programs outside this package that the output depends on: versions by name. Empty if the program is not installed. */
  programs?(params: z.infer<S>): Promise<Readonly<Record<string, string>>>;
  /** Parameters whose text refers to something outside the experiment file. */
  readonly refers?: Readonly<Record<string, Reference>>;
  /** True if the output depends on the seed. */
  readonly random: boolean;
}

/** A choice or finding of a plug-in, as plain JSON. */
export type Note = string | number | { readonly [name: string]: Note };

/** Notes by name. */
export type Notes = Readonly<Record<string, Note>>;

/** What the harness gives to a plug-in in addition to image and parameters. */
export interface PluginContext {
  /** The only source of randomness, seeded by the root seed and the job's key. */
  readonly random: Random;
  /** The models in the roles that the plug-in `needs`; see `openRole`. */
  readonly models?: RoleModels;
  /** The images that a parameter refers to; see `picturesOf`. */
  readonly pictures?: (parameter: string) => readonly NamedPicture[];
  /** The result of the training of an attack; see `trainedIn`. */
  readonly trained?: Float32Array;
  /** A file for the state of a long training. The harness removes it when the job is done. */
  readonly training?: CheckpointFile;
  /** The chains that a parameter refers to; see `transformationsOf`. */
  readonly transformations?: (parameter: string) => readonly NamedTransformation[];
  /** Records something (the anchor chosen, a distance reached) with the result. */
  readonly note?: (name: string, value: Note) => void;
  /** Aborted on Ctrl-C; long loops check it. */
  readonly signal?: AbortSignal;
  /** Progress within one job, 0..1. */
  readonly onProgress?: (fraction: number) => void;
}

/** The model in a role that the plug-in `needs`, opened on first use. @throws MODEL */
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

/** A network of the plug-in's own, on the device of the models; the caller closes it. @throws ONNX */
export function openOwn({ models }: PluginContext, network: Model, name: string): Promise<Session> {
  return models === undefined ? openSession(network, { name }) : models.lend(network, name);
}

/** The images that a parameter in `refers` names, at least one. @throws USAGE if it names none */
export function picturesOf({ pictures }: PluginContext, parameter: string): readonly NamedPicture[] {
  if (pictures === undefined) throw undeclaredReference(parameter);
  return pictures(parameter);
}

/** The chains that a parameter in `refers` names; none if its list is empty. */
export function transformationsOf(
  { transformations }: PluginContext,
  parameter: string,
): readonly NamedTransformation[] {
  return transformations?.(parameter) ?? [];
}
