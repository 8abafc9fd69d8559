/** @file What the program says when something is wrong with models and downloads. */
import { CraquelureError, type Place, at, quoted } from './base.ts';

// ---- models --------------------------------------------------------------------------------------------------

const mend = (...lines: readonly string[]): string =>
  ['Possible solutions:', ...lines.map((line) => `  - ${line}`)].join('\n');

/** A role that nothing plays: what would, and how to choose or get it. */
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
        `Models that fill it: ${candidates.map((each) => `${each.id} (${each.here ? 'here' : 'not here'})`).join(', ')}`,
      mend(
        ...(here === undefined && published !== undefined
          ? [`fetch one: craquelure models pull ${published.id}`]
          : []),
        `choose one: 'models: { ${role}: ${named?.id ?? 'PATH'} }' in the experiment file, or --model ${role}=${named?.id ?? 'PATH'}`,
        `name a file of your own: --model ${role}=./model.onnx`,
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
      mend(
        ...(published ? [`fetch it: craquelure models pull ${id}`] : []),
        `put its files into a folder of your own, as FOLDER/${id}/${files[0]}, and: export CRAQUELURE_MODELS=FOLDER`,
        ...(obtain === undefined || published
          ? []
          : [`no ONNX file of it is published; make one: ${obtain}`]),
      ),
    ].join('\n'),
  );

/** A model that ships with the package, some of whose files are missing there or were changed. */
export const damagedPackage = (id: string, files: readonly string[], folder: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    [
      `Model '${id}' ships with craquelure, but ${files.map(quoted).join(', ')} in '${folder}' ${files.length > 1 ? 'are' : 'is'} missing or changed`,
      mend(
        'install the package again: npm install craquelure',
        'in a clone, get its files back: git checkout models',
      ),
    ].join('\n'),
  );

/** A file of a model that has other bytes than it should have. */
export const changedModel = (
  id: string,
  path: string,
  listed: string,
  found: string,
  published: boolean,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Model '${id}': '${path}' has sha256 ${found} but ${listed} was listed. ${
      published ? `Fetch it again: craquelure models pull ${id} --force` : 'Put the listed file in its place'
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
    `Model '${id}' does not fill role '${role}'. Models that do: ${fitting.join(', ')}${at(place)}`,
  );

/** A plug-in named after a model, in an experiment that wants it to use another file that cannot be had. */
export const unusableModelPath = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot use model '${path}': ${why}`);

/** An autoencoder of the user's own without the numbers that no file tells. */
export const underspecifiedVae = (path: string, missing: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Missing ${missing.join(' and ')} for autoencoder '${path}': no file tells them. ` +
      `Write 'vae: { encoder: ${path}, scale: 0.18215, range: [-1, 1] }' with your model's numbers`,
  );

/** A folder in the diffusers layout that lacks a part. */
export const incompleteFolder = (folder: string, role: string, missing: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Folder '${folder}' does not fill role '${role}': ${missing.map(quoted).join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing. ` +
      `Export it whole: optimum-cli export onnx --model NAME ${folder}`,
  );

/** A text encoder without the vocabulary that turns words into its tokens. */
export const missingTokenizer = (folder: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Folder '${folder}' has a text encoder but no tokenizer: 'tokenizer/vocab.json' and 'tokenizer/merges.txt' are missing. ` +
      `Copy them from the model's repository: huggingface-cli download NAME --include 'tokenizer/*' --local-dir ${folder}`,
  );

/** A file whose ports are not those of the role. */
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

/** An image whose sides a model cannot take. */
export const misfitSides = (
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  wanted: string,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected ${wanted} for model '${id}' but received an image of ${width}x${height} px`,
  );

/** A plug-in that asks for a role it does not declare: a mistake of ours, but one that should say so. */
export const undeclaredRole = (role: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Role '${role}' was asked for by a plug-in that does not list it under 'needs'`,
  );

// ---- downloads -----------------------------------------------------------------------------------------------

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const insecureUrl = (url: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot fetch '${url}': only https:// addresses are fetched`);

/** A server that cannot be spoken to at all. */
export const unreachable = (url: string, code: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'MODEL',
    [
      `Cannot reach ${hostOf(url)} for '${url}' (${code})`,
      mend(
        'check the network, and run the same command again',
        'use a mirror of the Hugging Face hub: export HF_ENDPOINT=https://MIRROR',
        'behind a proxy, with Node 22.21 or 24 and later: export HTTPS_PROXY=http://PROXY:PORT NODE_USE_ENV_PROXY=1',
        'without a network, copy the files from another machine into a folder, and: export CRAQUELURE_MODELS=FOLDER',
      ),
    ].join('\n'),
    { cause },
  );

/** A server that answers, but not with the file. */
export const httpRefused = (url: string, status: number): CraquelureError => {
  const why: Readonly<Record<number, string>> = {
    401: 'it wants a login: accept the licence on its page, then export HF_TOKEN=YOUR_TOKEN',
    403: 'it wants a login: accept the licence on its page, then export HF_TOKEN=YOUR_TOKEN',
    404: 'the file is not there any more: name another mirror with HF_ENDPOINT, or get the file elsewhere',
    416: 'the half of the file that was here is of another version: run the same command again',
  };
  return new CraquelureError(
    'MODEL',
    `${hostOf(url)} answered ${status} for '${url}': ${why[status] ?? 'run the same command again later'}`,
  );
};

/** A download that broke off, and broke off again when it was resumed. */
export const truncatedDownload = (url: string, received: number, code: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The download of '${url}' broke off after ${megabytes(received)} (${code}). ` +
      'What is here is kept: the same command goes on from there',
  );

/** Bytes other than those that were listed; they are not kept. */
export const wrongDownload = (url: string, listed: string, found: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `'${url}' gave bytes with sha256 ${found} but ${listed} was listed. They were thrown away. ` +
      'The file has changed there, or something changed it on the way: try another network or mirror',
  );

export const noSpace = (path: string, free: number, wanted?: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `No space for '${path}': ${wanted === undefined ? '' : `${megabytes(wanted)} more are wanted, `}${megabytes(free)} are free. ` +
      'Free some, or name another disk: export CRAQUELURE_CACHE=FOLDER',
  );

/** A listed picture that nobody said where to fetch. */
export const noAddress = (path: string, source: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `No url is listed for picture '${path}'${source === '' ? '' : ` (source: ${source})`}. ` +
      'Put the file into a folder of CRAQUELURE_DATA under that path',
  );
