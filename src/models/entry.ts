/** @file What the registry says of a model: where it comes from, on what terms, and how its files play their roles. */
import type { ModelRole } from './roles.ts';

/** One number for all channels, or one for each. */
export type PerChannel = number | readonly [number, number, number];

/** The numbers that a noise schedule is made of, as the scheduler configurations of diffusers write them. */
export interface BetaRange {
  /** `scaled-linear`: a line between the square roots of the betas (latent diffusion); `linear`: between the betas. */
  readonly curve: 'scaled-linear' | 'linear';
  readonly start: number;
  readonly end: number;
  /** Timesteps in all. */
  readonly steps: number;
}

/** How a U-Net was trained: what no ONNX file tells. */
export interface DiffusionFill {
  /** What the network predicts: the noise, or the velocity (Salimans and Ho 2022). */
  readonly prediction: 'epsilon' | 'v';
  /** (default: Stable Diffusion's) */
  readonly betas?: BetaRange;
  /** The side of the images that it was trained on, px. */
  readonly side: number;
}

/**
 * How an ONNX file plays a role. Pixels x of 0..1 enter the file as (x - mean) / std and leave it the other way;
 * a latent z of the file is (z - shift) * scale outside.
 */
export interface Fill {
  readonly mean?: PerChannel;
  readonly std?: PerChannel;
  readonly latent?: { readonly channels?: number; readonly scale: number; readonly shift?: number };
  /** Sides of images have to be multiples of this, px. */
  readonly multiple?: number;
  /** The only side length that the file takes; the caller resizes by the model's protocol. */
  readonly size?: number;
  /** For a U-Net: how its noise schedule works. */
  readonly diffusion?: DiffusionFill;
  /** For a published checkpoint: the class of the network, as its publisher names it. */
  readonly network?: string;
  /** For a text encoder: the token that fills up short prompts, if it is not the tokenizer's own. */
  readonly padToken?: string;
  /** The file's names of ports that are neither the role's own nor an exporter's. */
  readonly ports?: Readonly<Record<string, string>>;
}

/** A fill and the files it is about. */
export interface RoleFill extends Fill {
  /** The ONNX file, as a path in the model's folder. */
  readonly file: string;
  /** What it cannot do without: external weights, the tokenizer. */
  readonly beside?: readonly string[];
}

/** A file of a model. */
export interface ModelFile {
  readonly bytes?: number;
  /** Absent where nobody could tell: the first download is trusted, recorded, and held to from then on. */
  readonly sha256?: string;
  /** How the hash begins, if only the file's own name says so: what PyTorch's names end in. */
  readonly sha256Begins?: string;
  /** Absent where no ONNX file is published: the entry's `obtain` says how to make one. */
  readonly url?: string;
}

/** A model of the registry. */
export interface ModelEntry {
  readonly id: string;
  readonly summary: string;
  /** Who made it, and where its weights come from. */
  readonly source: string;
  readonly licence: string;
  /** Precision of the stored weights. */
  readonly dtype: string;
  /** What goes in and comes out of the files themselves, exactly. */
  readonly protocol: string;
  readonly roles: Readonly<Partial<Record<ModelRole, RoleFill>>>;
  /** By path in the model's folder. */
  readonly files: Readonly<Record<string, ModelFile>>;
  /** The same model in the files that its owners publish, from which its graph is built here. */
  readonly published?: Pick<ModelEntry, 'roles' | 'files'>;
  /** How to get the files if they cannot be pulled. */
  readonly obtain?: string;
  /** True if the files ship with this package, under `models/<id>/`; such a model is its roles' default. */
  readonly embedded?: boolean;
}

/** The range of a file's pixels as mean and std: x in 0..1 enters as low + (high - low) x. */
export const pixelRange = (low: number, high: number): Pick<Fill, 'mean' | 'std'> => ({
  mean: -low / (high - low),
  std: 1 / (high - low),
});

/** A file of a repository on the Hugging Face hub. */
export const onHub = (repository: string, path: string): string =>
  `https://huggingface.co/${repository}/resolve/main/${path}`;
