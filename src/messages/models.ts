/** @file What the program says when something is wrong with models and downloads. */
import { CraquelureError, type Place, at, quoted, solutions } from './base.ts';

// ---- models --------------------------------------------------------------------------------------------------

/** A role without a model: which models fill it, and how to choose or get one. */
export const missingModel = (
  role: string,
  by: readonly string[],
  candidates: readonly { readonly id: string; readonly here: boolean; readonly published: boolean }[],
): CraquelureError => {
  const here = candidates.find((each) => each.here);
  const published = candidates.find((each) => each.published);
  const named = here ?? published ?? candidates[0];
  return new CraquelureError(
    'MODEL',
    [
      `Missing model for role '${role}', which ${by.join(', ')} ${by.length > 1 ? 'need' : 'needs'}. ` +
        `Available: ${candidates.map((each) => `${each.id} (${each.here ? 'on this machine' : 'not on this machine'})`).join(', ')}`,
      solutions(
        ...(here === undefined && published !== undefined
          ? [`download one: craquelure models pull ${published.id}`]
          : []),
        `choose one: 'models: { ${role}: ${named?.id ?? 'PATH'} }' in the experiment file, or --model ${role}=${named?.id ?? 'PATH'}`,
        `use a file of your own: --model ${role}=./model.onnx`,
      ),
    ].join('\n'),
  );
};

/** A model of the registry that was chosen but is not on this machine. */
export const absentModel = (
  id: string,
  files: readonly string[],
  { published, obtain }: { readonly published: boolean; readonly obtain: string | undefined },
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    [
      `Model '${id}' is not on this machine: ${files.map(quoted).join(', ')} ${files.length > 1 ? 'are' : 'is'} missing`,
      solutions(
        ...(published ? [`download it: craquelure models pull ${id}`] : []),
        `if you have its files, copy them to FOLDER/${id}/ (${files[0]}), then: export CRAQUELURE_MODELS=FOLDER`,
        ...(obtain === undefined || published ? [] : [`export it, as no ONNX file is published: ${obtain}`]),
      ),
    ].join('\n'),
  );

/** A model that ships with the package, and some of its files are missing or changed. */
export const damagedPackage = (id: string, files: readonly string[], folder: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    [
      `Model '${id}' ships with craquelure, but ${files.map(quoted).join(', ')} in '${folder}' ${files.length > 1 ? 'are' : 'is'} missing or changed`,
      solutions(
        'install the package again: npm install craquelure',
        'in a clone, restore its files: git checkout models',
      ),
    ].join('\n'),
  );

/** A file of a model whose bytes are not those that were listed. */
export const changedModel = (
  id: string,
  path: string,
  listed: string,
  found: string,
  published: boolean,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected sha256 ${listed} for '${path}' of model '${id}' but the file has ${found}. ${
      published
        ? `Download it again: craquelure models pull ${id} --force`
        : 'Replace it with the listed file'
    }`,
  );

/** A model chosen for a role that it does not fill. */
export const unfitModel = (
  id: string,
  role: string,
  fitting: readonly string[],
  place?: Place,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Model '${id}' does not fill role '${role}'. Available: ${fitting.join(', ')}${at(place)}`,
  );

/** A model file or folder of the user's own that cannot be used, and why. */
export const unusableModelPath = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot use model '${path}': ${why}`);

/** An autoencoder of the user's own without the numbers that its file does not contain. */
export const underspecifiedVae = (
  path: string,
  missing: readonly string[],
  kind: 'encoder' | 'decoder' | 'folder' = 'encoder',
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Missing ${missing.join(' and ')} for autoencoder '${path}', which its ${kind === 'folder' ? 'files do' : 'file does'} not contain. ` +
      `Write 'vae: { ${kind}: ${path}, scale: 0.18215, range: [-1, 1] }' with the numbers of your model`,
  );

/** A folder of networks of which one is not played here, and what still can be done with it. */
export const unplayedTransformer = (folder: string, network: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use folder '${folder}' for role 'unet': its denoiser is ${quoted(network)}, a transformer, and only U-Nets are ` +
      `supported. Its autoencoder can be used: --model vae=${folder}`,
  );

/** A folder where a file is expected. */
export const folderForFile = (path: string, role: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected an ONNX file or a checkpoint for role '${role}' but '${path}' is a folder. Write '{ folder: ${path} }' if it is ` +
      'one in the layout of diffusers',
  );

/** A folder in the diffusers layout that lacks a part. */
export const incompleteFolder = (
  folder: string,
  role: string,
  exported: string,
  component: string,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Folder '${folder}' does not fill role '${role}': it has neither ${quoted(exported)} nor ${quoted(`${component}/config.json`)} with a checkpoint. ` +
      `Download the whole model: huggingface-cli download NAME --local-dir ${folder}`,
  );

/** A text encoder without the vocabulary that turns words into tokens. */
export const missingTokenizer = (folder: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Folder '${folder}' has a text encoder but no tokenizer: 'tokenizer/vocab.json' and 'tokenizer/merges.txt' are missing. ` +
      `Copy them from the model's repository: huggingface-cli download NAME --include 'tokenizer/*' --local-dir ${folder}`,
  );

/** A file whose inputs or outputs are not those of the role. */
export const misfitModel = (
  id: string,
  role: string,
  what: string,
  wanted: string,
  found: string,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Model '${id}' does not fit role '${role}': expected ${wanted} for ${what} but the file has ${found}`,
  );

/** An image of a size that a model does not accept. */
export const misfitSize = (
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  wanted: string,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected ${wanted} for model '${id}' but received an image of ${width}x${height} px`,
  );

/** A plug-in that asks for a role it does not declare: a mistake of the plug-in. */
export const undeclaredRole = (role: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The plug-in asked for a model for role '${role}', which it does not list under 'needs'`,
  );

// ---- downloads -----------------------------------------------------------------------------------------------

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const insecureUrl = (url: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot download '${url}': only https:// addresses are allowed`);

/** A download that goes on beyond what it can be. */
export const tooLargeDownload = (url: string, most: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected at most ${megabytes(most)} from '${url}' but it has more. It was deleted. Check the address, or get the file by hand`,
  );

/** A server that cannot be reached. */
export const unreachable = (url: string, code: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'MODEL',
    [
      `Cannot reach ${hostOf(url)} to download '${url}' (${code})`,
      solutions(
        'check the network, then run the same command again',
        'use a mirror of the Hugging Face Hub: export HF_ENDPOINT=https://MIRROR',
        'behind a proxy, with Node 22.21 or 24 and later: export HTTPS_PROXY=http://PROXY:PORT NODE_USE_ENV_PROXY=1',
        'without a network, copy the files from another machine into a folder, then: export CRAQUELURE_MODELS=FOLDER',
      ),
    ].join('\n'),
    { cause },
  );

/** A server that answers, but not with the file. */
export const httpRefused = (url: string, status: number): CraquelureError => {
  const why: Readonly<Record<number, string>> = {
    401: 'a login is needed. Accept the licence on its page, then: export HF_TOKEN=YOUR_TOKEN',
    403: 'a login is needed. Accept the licence on its page, then: export HF_TOKEN=YOUR_TOKEN',
    404: 'the file no longer exists there. Set another mirror with HF_ENDPOINT, or get the file elsewhere',
    416: 'the part that was already here is from another version. Run the same command again',
  };
  return new CraquelureError(
    'MODEL',
    `${hostOf(url)} answered ${status} for '${url}': ${why[status] ?? 'run the same command again later'}`,
  );
};

/** A download that was interrupted, and interrupted again when it was resumed. */
export const truncatedDownload = (url: string, received: number, code: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The download of '${url}' was interrupted after ${megabytes(received)} (${code}). ` +
      'Run the same command again to continue from there',
  );

/** Downloaded bytes that are not those that were listed; they are deleted. */
export const wrongDownload = (url: string, listed: string, found: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected sha256 ${listed} for '${url}' but the download has ${found}. It was deleted. ` +
      'The file changed on the server or on the way: try another network or mirror',
  );

export const noSpace = (path: string, free: number, wanted?: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Not enough disk space for '${path}': ${wanted === undefined ? '' : `${megabytes(wanted)} more are needed, `}${megabytes(free)} are free. ` +
      'Free some space, or use another disk: export CRAQUELURE_CACHE=FOLDER',
  );

/** A listed image without an address. */
export const noAddress = (path: string, source: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `The manifest lists no url for image '${path}'${source === '' ? '' : ` (source: ${source})`}. ` +
      'Copy the file to that path in the folder that CRAQUELURE_DATA names',
  );
