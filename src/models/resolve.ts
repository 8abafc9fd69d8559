/** @file From choices to files: which bytes play each role that plug-ins need. All that is missing is told at once. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  absentModel,
  changedModel,
  CraquelureError,
  damagedPackage,
  folderForFile,
  incompleteFolder,
  missingModel,
  underspecifiedVae,
  unplayedTransformer,
  unusableModelPath,
} from '../messages/index.ts';
import { readModel, tensorsOf } from '../onnx/files.ts';
import { entryOf, modelsFor } from './catalogue/index.ts';
import { diffusersRoles } from './catalogue/diffusion.ts';
import type { ModelChoices, OwnModel, RoleChoice } from './choice.ts';
import type { Fill, ModelEntry } from './entry.ts';
import { isCheckpoint } from '../networks/weights/checkpoint.ts';
import { type Component, findComponent, modelFolder } from '../networks/component.ts';
import { latentDiffusionFill, textFill, tokenizerFiles, unetFill, vaeFill } from './folder.ts';
import { knownHashOf, sha256 } from '../files/hashes.ts';
import type { ModelHome } from './home.ts';
import { formHere, isPublished } from './forms.ts';
import type { LocatedFile, Trust } from './locate.ts';
import { assertPlays } from './network.ts';
import type { ModelRole } from './roles.ts';

/** A model in a role, as plain JSON: what a thread or another machine needs to open it. */
export interface ResolvedModel {
  /** Hash over the bytes and the way they are used: what results depend on. */
  readonly key: string;
  readonly role: ModelRole;
  /** The registry's id, or the path as the user wrote it. */
  readonly id: string;
  /** The ONNX file first, then what lies beside it. */
  readonly files: readonly ResolvedFile[];
  readonly fill: Fill;
  readonly source: string;
  readonly licence: string;
  readonly dtype: string;
  readonly protocol: string;
  /** Who vouches for the bytes; of several files, for the first. */
  readonly trust: Trust;
}

export interface ResolvedFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A role that a plug-in needs played; `model` where the plug-in's own name says by which. */
export interface Need {
  readonly role: ModelRole;
  readonly by: string;
  readonly model?: string | undefined;
}

/** Where things are looked for. */
export interface Surroundings {
  readonly home: ModelHome;
  /** Relative paths start in the first of these folders that has them. */
  readonly baseDirs: readonly string[];
}

/** The model for each need, in the same order. @throws MODEL that lists everything missing or unfit. */
export async function resolveNeeds(
  needs: readonly Need[],
  choices: ModelChoices,
  surroundings: Surroundings,
): Promise<ResolvedModel[]> {
  const resolved = new Map<string, ResolvedModel>();
  const problems = new Map<string, string>();
  const nameOf = ({ role, model }: Need): string => `${role} ${model ?? ''}`;
  for (const need of needs) {
    const name = nameOf(need);
    if (resolved.has(name) || problems.has(name)) continue;
    try {
      const by = needs.filter((other) => nameOf(other) === name).map((other) => other.by);
      resolved.set(name, await resolveNeed(need, [...new Set(by)], choices, surroundings));
    } catch (error) {
      if (!(error instanceof CraquelureError)) throw error;
      problems.set(name, error.message);
    }
  }
  if (problems.size > 0) throw new CraquelureError('MODEL', [...problems.values()].join('\n'));
  return needs.map((need) => resolved.get(nameOf(need))!);
}

async function resolveNeed(
  { role, model }: Need,
  by: readonly string[],
  choices: ModelChoices,
  surroundings: Surroundings,
): Promise<ResolvedModel> {
  const { home } = surroundings;
  const choice: RoleChoice | undefined = model === undefined ? choices[role] : { kind: 'entry', id: model };
  if (choice !== undefined) return resolveModel(role, choice, surroundings);
  const fitting = modelsFor(role, home.entries);
  const embedded = fitting.find((entry) => entry.embedded);
  if (embedded !== undefined) return resolveModel(role, { kind: 'entry', id: embedded.id }, surroundings);
  const candidates = await Promise.all(
    fitting.map(async (entry) => ({
      id: entry.id,
      here: (await formHere(entry, home)).found.every(({ state }) => state === 'ok'),
      published: isPublished(entry),
    })),
  );
  throw missingModel(role, by, candidates);
}

/** The files of one chosen model. @throws MODEL if they are missing, changed or not enough. */
export function resolveModel(
  role: ModelRole,
  choice: RoleChoice,
  { home, baseDirs }: Surroundings,
): Promise<ResolvedModel> {
  if (choice.kind === 'entry') return resolveEntry(role, entryOf(choice.id, home.entries), home);
  return choice.kind === 'file'
    ? resolveFile(role, choice.path, choice, { home, baseDirs })
    : resolveFolder(role, choice.path, choice, { home, baseDirs });
}

async function resolveEntry(role: ModelRole, entry: ModelEntry, home: ModelHome): Promise<ResolvedModel> {
  const filesOf = ({ roles }: ModelEntry): readonly string[] => {
    const { file, beside = [] } = roles[role]!;
    return [file, ...beside];
  };
  const { form, found } = await formHere(entry, home, filesOf);
  const { file: _file, beside: _beside, ...fill } = form.roles[role]!;
  const bad = found.filter(({ state }) => state !== 'ok').map(({ name }) => name);
  if (entry.embedded && bad.length > 0) throw damagedPackage(entry.id, bad, join(home.embedded, entry.id));
  for (const each of found) {
    if (each.state === 'changed')
      throw changedModel(entry.id, each.path!, each.listed!, each.sha256!, isPublished(entry));
  }
  const absent = found.filter(({ state }) => state === 'absent').map(({ name }) => name);
  if (absent.length > 0) {
    throw absentModel(entry.id, absent, { published: isPublished(entry), obtain: entry.obtain });
  }
  const { id, source, licence, dtype, protocol } = entry;
  return withKey({
    role,
    id,
    files: found.map(asResolved),
    fill,
    source,
    licence,
    dtype,
    protocol,
    trust: found[0]!.trust!,
  });
}

const asResolved = ({ path, sha256, bytes }: LocatedFile): ResolvedFile => ({
  path: path!,
  sha256: sha256!,
  bytes: bytes!,
});

const withKey = (model: Omit<ResolvedModel, 'key'>): ResolvedModel => {
  const key = sha256(JSON.stringify([model.files.map((file) => file.sha256), model.fill]));
  return { key, ...model };
};

async function resolveFile(
  role: ModelRole,
  path: string,
  own: OwnModel,
  { home, baseDirs }: Surroundings,
): Promise<ResolvedModel> {
  const file = await existing(path, baseDirs);
  if ((await stat(file)).isDirectory()) throw folderForFile(path, role);
  if (isCheckpoint(file)) return resolveCheckpoint(role, path, file, own, home);
  const beside = role === 'text-encoder' ? await tokenizerFiles(dirname(path), [dirname(file)]) : [];
  const paths = [file, ...(await weightsOf(file)), ...beside];
  return ownModel(role, path, paths, ownFill(role, path, own), own, home);
}

/** One file with all networks of a diffusion model. */
async function resolveCheckpoint(
  role: ModelRole,
  path: string,
  file: string,
  own: OwnModel,
  home: ModelHome,
): Promise<ResolvedModel> {
  assertPlays(path, 'LatentDiffusion', role);
  const places = [join(dirname(file), 'tokenizer'), dirname(file), ...(await knownTokenizers(home))];
  const beside = role === 'text-encoder' ? await tokenizerFiles(path, places) : [];
  const fill = ownFill(role, path, {
    ...own,
    fill: { ...(await latentDiffusionFill(file, role)), network: 'LatentDiffusion', ...own.fill },
  });
  return ownModel(role, path, [file, ...beside], fill, own, home);
}

/** Folders of models on this machine that have CLIP's vocabulary, which files of this kind lack and all of them share. */
async function knownTokenizers(home: ModelHome): Promise<string[]> {
  const owners = ['sd15', 'sd21', 'clip-vit-l-14', 'clip-vit-b-32'];
  const entries = home.entries.filter(({ id }) => owners.includes(id));
  const found = await Promise.all(entries.map((entry) => formHere(entry, home)));
  return found
    .flatMap((each) => each.found)
    .flatMap(({ name, path }) =>
      path !== null && /(vocab|tokenizer)\.json$/.test(name) ? [dirname(path)] : [],
    );
}

async function resolveFolder(
  role: ModelRole,
  path: string,
  own: OwnModel,
  { home, baseDirs }: Surroundings,
): Promise<ResolvedModel> {
  const folder = await modelFolder(await existing(path, baseDirs));
  const layout = diffusersRoles({ channels: 4, scale: 1 });
  if (!(role in layout)) {
    throw unusableModelPath(
      path,
      `a folder fills ${Object.keys(layout).join(', ')}; name an .onnx file for '${role}'`,
    );
  }
  const { file } = layout[role as keyof typeof layout];
  const main = join(folder, file);
  const exported = (await stat(main).catch(() => undefined)) !== undefined;
  const network = exported ? undefined : await networkIn(folder, path, role, file);
  const beside = role === 'text-encoder' ? await tokenizerFiles(path, [join(folder, 'tokenizer')]) : [];
  const paths = [...(network?.files ?? [main, ...(await weightsOf(main))]), ...beside];
  const config = {
    ...(network?.network === 'AutoencoderKL' && { scale: SD_SCALE }),
    ...(await configOf(role, folder)),
    ...(network && { network: network.network }),
  };
  const fill = ownFill(role, path, { ...own, fill: { ...config, ...own.fill } }, 'folder');
  return ownModel(role, path, paths, fill, own, home);
}

/** The factor of Stable Diffusion 1, whose published configurations do not name it: the class's default. */
const SD_SCALE = 0.18215;

/** Where diffusers keeps the network of a role; or the folder itself is that network's. */
const COMPONENTS: Readonly<Partial<Record<ModelRole, readonly string[]>>> = {
  'vae-encoder': ['vae', '.'],
  'vae-decoder': ['vae', '.'],
  unet: ['unet', '.'],
  'text-encoder': ['text_encoder', '.'],
};

/** The published network of a role in a folder without an export. @throws MODEL if there is none, or of an unknown class */
async function networkIn(folder: string, path: string, role: ModelRole, file: string): Promise<Component> {
  const transformer = role === 'unet' ? await findComponent(join(folder, 'transformer')) : undefined;
  if (transformer !== undefined) throw unplayedTransformer(path, transformer.network);
  for (const part of COMPONENTS[role] ?? []) {
    const found = await findComponent(join(folder, part));
    if (found === undefined) continue;
    assertPlays(found.config, found.network, role);
    return found;
  }
  throw incompleteFolder(path, role, file, COMPONENTS[role]![0]!);
}

/** What the folder's small files say about the network of a role. */
function configOf(role: ModelRole, folder: string): Promise<OwnModel['fill']> {
  if (role === 'unet') return unetFill(folder);
  return role === 'text-encoder' ? textFill(folder) : vaeFill(folder);
}

/** Own files come with their numbers; of an autoencoder, both are asked for, for a wrong one would go unseen. */
function ownFill(
  role: ModelRole,
  path: string,
  { fill }: OwnModel,
  kind?: 'encoder' | 'decoder' | 'folder',
): Fill {
  const { scale, shift, prediction = 'epsilon', betas, side = 512, ...rest } = fill;
  if (role === 'unet') return { ...rest, diffusion: { prediction, ...(betas && { betas }), side } };
  if (!role.startsWith('vae-')) return rest;
  const absent = [...(scale === undefined ? ['scale'] : []), ...(rest.std === undefined ? ['range'] : [])];
  if (absent.length > 0)
    throw underspecifiedVae(path, absent, kind ?? (role === 'vae-decoder' ? 'decoder' : 'encoder'));
  return { multiple: 8, ...rest, latent: { scale: scale!, ...(shift !== undefined && { shift }) } };
}

async function ownModel(
  role: ModelRole,
  id: string,
  paths: readonly string[],
  fill: Fill,
  { source, licence }: OwnModel,
  home: ModelHome,
): Promise<ResolvedModel> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const { size: bytes } = await stat(path);
      return { path, sha256: await knownHashOf(path, home.cache), bytes };
    }),
  );
  return withKey({
    role,
    id,
    files,
    fill,
    source: source ?? `own file ${basename(paths[0]!)}`,
    licence: licence ?? 'not stated',
    dtype: 'as in the file',
    protocol: 'as the user states it',
    trust: 'own',
  });
}

/** Files with the weights that a graph keeps outside. */
async function weightsOf(file: string): Promise<string[]> {
  const { graph } = await readModel(file);
  const locations = tensorsOf(graph).flatMap(({ external }) => (external ? [external.location] : []));
  return [...new Set(locations)].map((location) => join(dirname(file), location));
}

async function existing(path: string, baseDirs: readonly string[]): Promise<string> {
  const places = baseDirs.map((dir) => resolve(dir, path));
  for (const place of places) if ((await stat(place).catch(() => undefined)) !== undefined) return place;
  throw unusableModelPath(path, `there is no such file or folder. Looked for: ${places.join(', ')}`);
}
