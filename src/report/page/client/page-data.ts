/** @file What a page hands to its scripts: JSON in script elements, written by the program and read in the browser. */

/** The four versions of an image, in the order in which the viewer shows them. */
export type ShownArm = 'clean' | 'protected' | 'attacked-clean' | 'attacked-protected';

/** One arm of one image, as keys into `ViewerImage.pictures`. */
export interface Shot {
  /** null if the file could not be read. */
  readonly picture: string | null;
  /** null on the clean arm, if a picture is missing, and if the two pictures differ in size. */
  readonly difference: string | null;
  /** Protected arm only: where the protection shows over the clean picture. */
  readonly visible?: string | null;
}

/** What the viewer knows before an image is chosen; element `gallery-index`. */
export interface ViewerIndex {
  /** The pair that is shown first, as its place in `pairs`. */
  readonly first: number;
  readonly protections: readonly string[];
  readonly attacks: readonly string[];
  readonly pairs: readonly ViewerPair[];
  readonly effects: readonly ViewerEffect[];
  /** Sizes in pixels. */
  readonly images: readonly { readonly width: number; readonly height: number }[];
}

/** A protection under an attack by an effect; all three are places in the lists of the index. */
export interface ViewerPair {
  readonly protection: number;
  readonly attack: number;
  readonly effect: number;
  /** False if there is nothing that the attack could remove: R says nothing then. */
  readonly hasEffect: boolean;
  /** Verdict, R and reason in words. */
  readonly text: string;
}

export interface ViewerEffect {
  /** `1 − SSIM` */
  readonly symbol: string;
  readonly metric: string;
  readonly unit: string;
}

/** One image; element `gallery-0`, `gallery-1`, ... */
export interface ViewerImage {
  /** WebP files in base64. */
  readonly pictures: Readonly<Record<string, string>>;
  readonly clean: Shot | null;
  /** By protection. */
  readonly protected: readonly (Shot | null)[];
  /** By protection, then by attack. */
  readonly attackedClean: readonly (readonly (Shot | null)[])[];
  readonly attackedProtected: readonly (readonly (Shot | null)[])[];
  /** By pair: the metric of the four arms, then R of this image alone; null if it was not measured. */
  readonly measures: readonly (readonly string[] | null)[];
}

/** What a voter is asked about each pair of pictures. */
export type Question = 'style' | 'quality';

export type Side = 'left' | 'right';

/** What a voter may see; element `ballot`. It does not say which side is which. */
export interface ShownBallot {
  readonly run: string;
  readonly pairs: readonly {
    readonly id: string;
    readonly artist: string;
    readonly prompt: string;
    /** WebP files in base64. */
    readonly left: string;
    readonly right: string;
  }[];
  /** Clean pictures of each artist, WebP in base64. */
  readonly references: Readonly<Record<string, readonly string[]>>;
}

/** The file that a voting page saves. */
export interface Votes {
  readonly run: string;
  readonly votes: readonly { readonly pair: string; readonly question: Question; readonly chosen: Side }[];
}
