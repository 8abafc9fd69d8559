/** @file What protections, attacks and metrics have in common: the interface of a plug-in. */
import type { z } from 'zod';
import { undeclaredRole } from '../messages.ts';
import type { RoleModel } from '../models/open.ts';
import type { ModelRole } from '../models/roles.ts';
import type { RoleModels } from '../models/shelf.ts';
import type { Random } from '../random.ts';

/** A parameter schema: a strict object whose fields all have a default, a range and a description with the unit. */
export type ParameterSchema = z.ZodObject;

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
  /** Roles of the networks it needs; empty for most attacks. */
  readonly needs: readonly ModelRole[];
  /** Models that the id itself names: no other may play these roles. Of a list the user chooses; else it is the first. */
  readonly pins?: Readonly<Partial<Record<ModelRole, string | readonly string[]>>>;
  /** True where the output depends on the seed. */
  readonly random: boolean;
}

/** What the harness hands to a plug-in beside image and parameters. */
export interface PluginContext {
  /** Seeded by the root seed and the job's key; the only source of randomness. */
  readonly random: Random;
  /** What plays the roles that the plug-in `needs`; see `openRole`. */
  readonly models?: RoleModels;
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
