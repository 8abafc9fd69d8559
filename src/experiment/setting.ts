/** @file The settings of an experiment as plain data: plug-ins with every parameter resolved, and the cells they make. */
import type { EffectForm, Metric } from '../metrics/define.ts';
import type { ModelRole } from '../models/roles.ts';
import type { ComparisonRole } from '../plugin/define.ts';
import type { Budget } from '../protections/define.ts';

/** One plug-in of a setting with every parameter resolved; a chain of attacks has several. */
export interface SettingLink {
  readonly id: string;
  /** The plug-in's label for figures. */
  readonly name: string;
  readonly version: number;
  readonly params: Readonly<Record<string, unknown>>;
  /** Where the plug-in needs networks: what plays each role. */
  readonly models?: Readonly<Partial<Record<ModelRole, LinkedModel>>>;
  /** Where parameters name chains of attacks: the links of each. */
  readonly chains?: Readonly<Record<string, readonly (readonly SettingLink[])[]>>;
  /** If a metric cannot be measured here: which model it lacks, and how to get it. */
  readonly absent?: string;
  /** Where parameters name pictures: the hash over those, by the parameter. */
  readonly pictures?: Readonly<Record<string, string>>;
  /** Where the output depends on a program outside this package: its version, by its name. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The parameter that orders an attack's settings from gentle to harsh. */
  readonly strength?: { readonly parameter: string; readonly harsher: 'higher' | 'lower' };
  /** Attacks that move pixels, so that metrics of pixels cannot tell what is left of the image. */
  readonly misaligns?: true;
  /** Protections and attacks that are there for comparison only. */
  readonly role?: ComparisonRole;
  /** Protections only: the budget that these parameters promise; absent if the image must not change at all. */
  readonly budget?: Budget;
}

/** What plays one role for a plug-in; the manifest describes it under this key. The parts of an ensemble are joined by `+`. */
export interface LinkedModel {
  readonly id: string;
  /** Hash over its bytes and the way they are used. */
  readonly key: string;
}

/** A protection, attack or metric with its parameters. */
export interface Setting {
  /** As a call: `jpeg(quality=75) | rescale`. Unique within its kind and experiment. */
  readonly label: string;
  readonly links: readonly SettingLink[];
  /** True if one of its links draws random numbers. */
  readonly random: boolean;
}

/** Ids of the networks that a setting's links ask, each once. */
export const networksOf = ({ links }: Pick<Setting, 'links'>): string[] => [
  ...new Set(links.flatMap(({ models = {} }) => Object.values(models).map(({ id }) => id))),
];

/** A metric with its parameters, and what rows and reports have to know of it. */
export interface MetricSetting extends Setting {
  readonly kind: Metric['kind'];
  /** Set metrics with a noise floor: how many images half a set must have. */
  readonly floorFrom?: number;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** How a value becomes an effect. */
  readonly effect: EffectForm;
  /** What an effect by it is about; absent: what a network sees. */
  readonly measures?: Metric['measures'];
  /** Its rank as the primary effect; absent: after all that have one. */
  readonly primary?: number;
  /** Its rank as the measure of the quality that an attack costs; absent: after all that have one. */
  readonly quality?: number;
  /** True if it compares the same places of images: it says nothing about an attack that moves pixels. */
  readonly aligned?: true;
  /** A metric of quality: the d beyond which little is left of an image. */
  readonly ruined?: number;
  /** The smallest effect that matters; absent: nobody said. */
  readonly smallestEffect?: number;
  /** True if a sample is compared with the sample of the mimic trained on clean images. */
  readonly againstControl?: true;
  /** True where values are 0 or 1. */
  readonly binary?: true;
  readonly protocol: string;
}

/** A cell of the matrix: one protection x one attack x one metric x one seed over the whole data set. */
export interface Cell {
  /** First 12 hex digits of the hash of all that its numbers depend on. */
  readonly id: string;
  readonly protection: Setting;
  readonly attack: Setting;
  readonly metric: MetricSetting;
  readonly seed: number;
}
