/** @file The part of a setting that results depend on, as job keys and cell ids hold it. */
import type { SettingLink } from './setting.ts';

/** A plug-in with all its parameters, as far as the output depends on it. */
export interface JobStep {
  readonly id: string;
  readonly version: number;
  readonly params: Readonly<Record<string, unknown>>;
  /** By role: the key of the model, a hash over its bytes and their use; of an ensemble, all keys joined by `+`. */
  readonly models?: Readonly<Record<string, string>>;
  /** Versions of programs outside this package, by name: another version may give other pixels. */
  readonly programs?: Readonly<Record<string, string>>;
  /** By parameter: the chains of attacks that it names. */
  readonly chains?: Readonly<Record<string, readonly (readonly JobStep[])[]>>;
}

/** The part of a setting's link that its output depends on: of named pictures, what is in them and not where they lie. */
export function jobStep(link: SettingLink): JobStep {
  const { id, version, params, models, pictures, chains, programs } = link;
  const keys = Object.entries(models ?? {}).map(([role, { key }]) => [role, key]);
  const named = Object.entries(chains ?? {}).map(([name, each]) => [
    name,
    each.map((links) => links.map(jobStep)),
  ]);
  return {
    id,
    version,
    params: { ...params, ...pictures },
    ...(models && { models: Object.fromEntries(keys) }),
    ...(programs && { programs }),
    ...(chains && { chains: Object.fromEntries(named) }),
  };
}
