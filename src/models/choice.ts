/** @file Which model plays which role, as experiment files and flags say it: an id, a path, or a file with its numbers. */
import { z } from 'zod';
import { expected, type Place, unfitModel, unknownName } from '../messages/index.ts';
import { isCheckpoint } from '../networks/weights/checkpoint.ts';
import { catalogue, modelsFor } from './catalogue/index.ts';
import { type DiffusionFill, type Fill, type ModelEntry, pixelRange } from './entry.ts';
import { type ModelRole, ROLE_GROUPS, roleNames } from './roles.ts';

const path = z.string().min(1);
const perChannel = z.union([z.number(), z.tuple([z.number(), z.number(), z.number()])]);

const ownModel = z.strictObject({
  file: path.optional().describe('an ONNX file, or a checkpoint of Stable Diffusion in one file'),
  encoder: path.optional().describe("a VAE's encoder, an ONNX file"),
  decoder: path.optional().describe("a VAE's decoder, an ONNX file"),
  folder: path.optional().describe('a folder in the layout of Optimum and diffusers'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('range of the pixels that the file takes or gives'),
  mean: perChannel.optional().describe('pixels in 0..1 are fed as (x - mean) / std'),
  std: perChannel.optional().describe('pixels in 0..1 are fed as (x - mean) / std'),
  scale: z.number().positive().optional().describe("scaled latents are (the file's latents - shift) * scale"),
  shift: z.number().optional().describe("scaled latents are (the file's latents - shift) * scale"),
  multiple: z.int().positive().optional().describe('image sides must be multiples of this, in px'),
  size: z.int().positive().optional().describe('the only image side that the file takes, in px'),
  prediction: z.enum(['epsilon', 'v']).optional().describe('what a U-Net predicts: the noise (default) or v'),
  side: z
    .int()
    .positive()
    .multipleOf(8)
    .optional()
    .describe('image side that the U-Net was trained on, in px'),
  source: z.string().optional().describe('where it comes from, for the manifest'),
  licence: z.string().optional().describe('licence, for the manifest'),
});

const choiceSchema = z
  .union([path.describe('id of a model, or path of an ONNX file, of a checkpoint or of a folder'), ownModel])
  .meta({ id: 'model' }); // written once in the JSON Schema, however many roles there are

const SLOTS = [...Object.keys(ROLE_GROUPS), ...roleNames] as (keyof typeof ROLE_GROUPS | ModelRole)[];

/** What may stand under `models:`; a group such as `vae` stands for its roles, and a role's own line comes first. */
export const modelsSchema = z.strictObject(
  Object.fromEntries(SLOTS.map((slot) => [slot, choiceSchema.optional()])),
);

/** A model of the user's own, without its path. */
export interface OwnModel {
  readonly fill: Fill & { readonly scale?: number; readonly shift?: number } & Partial<DiffusionFill>;
  readonly source?: string;
  readonly licence?: string;
}

/** What plays one role. */
export type RoleChoice =
  | { readonly kind: 'entry'; readonly id: string }
  | ({ readonly kind: 'file' | 'folder'; readonly path: string } & OwnModel);

export type ModelChoices = Readonly<Partial<Record<ModelRole, RoleChoice>>>;

/** Where in its file something under `models:` stands. */
export type PlaceOfChoice = (path: readonly string[]) => Place | undefined;

/** Reads what stands under `models:`. @throws EXPERIMENT, MODEL for unknown roles and ids, and ids in a wrong role. */
export function parseModelChoices(
  value: unknown,
  placeOf: PlaceOfChoice = () => undefined,
  entries: readonly ModelEntry[] = catalogue,
): ModelChoices {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw expected('a map of roles to models', 'models', value, { code: 'EXPERIMENT', place: placeOf([]) });
  }
  const written = new Map(Object.entries(value));
  for (const slot of written.keys()) {
    if (!SLOTS.some((known) => known === slot))
      throw unknownName('role', slot, SLOTS, { code: 'EXPERIMENT', place: placeOf([slot]) });
  }
  const choices: Partial<Record<ModelRole, RoleChoice>> = {};
  // The wider the slot, the earlier: `vae` refines `diffusion`, a role refines both.
  for (const slot of ['diffusion', 'vae', ...roleNames] as const) {
    if (written.has(slot))
      Object.assign(choices, choicesOf(slot, written.get(slot), placeOf([slot]), entries));
  }
  return choices;
}

/** The choices of several sources; later ones win. */
export const mergeChoices = (...sources: readonly ModelChoices[]): ModelChoices =>
  Object.assign({}, ...sources);

function choicesOf(
  slot: keyof typeof ROLE_GROUPS | ModelRole,
  value: unknown,
  place: Place | undefined,
  entries: readonly ModelEntry[],
): ModelChoices {
  const parsed = choiceSchema.safeParse(value);
  if (!parsed.success) {
    const accepted =
      "a model's id, a path, or { encoder: PATH, decoder: PATH, scale: NUMBER, range: [LOW, HIGH] }";
    throw expected(accepted, `models.${slot}`, value, { code: 'EXPERIMENT', place });
  }
  const roles: readonly ModelRole[] = slot in ROLE_GROUPS ? ROLE_GROUPS[slot as 'vae'] : [slot as ModelRole];
  const given = parsed.data;
  if (typeof given !== 'string') return ownChoices(slot, roles, given, place);
  if (isPath(given)) {
    const kind = given.endsWith('.onnx') || isCheckpoint(given) ? 'file' : 'folder';
    // One ONNX file cannot play several roles; of a VAE, it is the half that protections need.
    const played = given.endsWith('.onnx') ? roles.slice(0, 1) : roles;
    return Object.fromEntries(played.map((role) => [role, { kind, path: given, fill: {} }]));
  }
  return entryChoices(given, roles, place, entries);
}

const isPath = (text: string): boolean => /[/\\]|^\.|\.onnx$/.test(text) || isCheckpoint(text);

function entryChoices(
  id: string,
  roles: readonly ModelRole[],
  place: Place | undefined,
  entries: readonly ModelEntry[],
): ModelChoices {
  const entry = entries.find((each) => each.id === id);
  const ids = entries.map((each) => each.id);
  if (entry === undefined) throw unknownName('model', id, ids, { code: 'EXPERIMENT', place });
  const misfit = roles.find((role) => entry.roles[role] === undefined);
  if (misfit !== undefined) {
    throw unfitModel(
      id,
      misfit,
      modelsFor(misfit, entries).map((each) => each.id),
      place,
    );
  }
  return Object.fromEntries(roles.map((role) => [role, { kind: 'entry', id }]));
}

function ownChoices(
  slot: string,
  roles: readonly ModelRole[],
  given: z.infer<typeof ownModel>,
  place: Place | undefined,
): ModelChoices {
  const { file, encoder, decoder, folder, range, source, licence, ...numbers } = given;
  const fill = { ...(range && pixelRange(...range)), ...numbers } as OwnModel['fill'];
  const own = { fill, ...(source && { source }), ...(licence && { licence }) };
  const choices: Partial<Record<ModelRole, RoleChoice>> = {};
  if (folder !== undefined)
    for (const role of roles) choices[role] = { kind: 'folder', path: folder, ...own };
  if (file !== undefined && (roles.length === 1 || isCheckpoint(file)))
    for (const role of roles) choices[role] = { kind: 'file', path: file, ...own };
  if (encoder !== undefined && roles.includes('vae-encoder'))
    choices['vae-encoder'] = { kind: 'file', path: encoder, ...own };
  if (decoder !== undefined && roles.includes('vae-decoder'))
    choices['vae-decoder'] = { kind: 'file', path: decoder, ...own };
  if (Object.keys(choices).length > 0) return choices;
  const accepted = roles.includes('vae-encoder') ? "'encoder', 'decoder' or 'folder'" : "'file' or 'folder'";
  throw expected(accepted, `models.${slot}`, given, { code: 'EXPERIMENT', place });
}
