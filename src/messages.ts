/**
 * @file Every sentence the program says when something is wrong, as functions that build the error.
 *
 * Two shapes: `Expected integer between 1 and 100 for jpeg.quality but received 0 (experiments/demo.yaml:14)`
 * and `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...`. Tests assert on these functions, so that a
 * sentence is worded once.
 */
import { closest, distance } from 'fastest-levenshtein';

/** What kind of mistake an error is; decides the exit code of the command line. */
export type ErrorCode =
  | 'USAGE' // a wrong flag or argument: exit code 2
  | 'EXPERIMENT' // a mistake in an experiment file: exit code 2
  | 'PARAMETER' // a plug-in parameter out of its range: exit code 2
  | 'UNKNOWN_PLUGIN' // exit code 2
  | 'DATASET' // a manifest, a folder, a missing or changed picture
  | 'IMAGE' // a picture that cannot be read, or that a step cannot take
  | 'BUDGET' // a protection left its budget
  | 'STORE' // the artefact store or a run folder
  | 'ONNX' // a model file, a graph, an operator
  | 'DEVICE' // an execution device or a session on it
  | 'MODEL' // the model registry
  | 'INTERRUPTED'; // Ctrl-C: exit code 130

/** An error whose message is meant for the user: it names the file, the field and the fix. */
export class CraquelureError extends Error {
  override readonly name = 'CraquelureError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A place in a text that a message can point to. */
export interface Place {
  /** The file, or the flag that the text was given with. */
  readonly file?: string;
  readonly line?: number;
  /** A short text and a column in it (from 1): printed below the message with a caret. */
  readonly excerpt?: { readonly text: string; readonly column: number };
}

const at = ({ file, line, excerpt }: Place = {}): string => {
  const where = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  const caret = excerpt === undefined ? '' : `\n  ${excerpt.text}\n  ${' '.repeat(excerpt.column - 1)}^`;
  return where + caret;
};

const quoted = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));

const didYouMean = (name: string, available: readonly string[]): string => {
  if (available.length === 0) return '';
  const nearest = closest(name, available as string[]);
  const near = distance(name, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  return near ? ` Did you mean '${nearest}'?` : '';
};

/** Names for a sentence: a network has thousands of weights, and thirty names are enough to see what they look like. */
const listed = (names: readonly string[]): string =>
  names.length <= 40 ? names.join(', ') : `${names.slice(0, 30).join(', ')}, ... (${names.length} in all)`;

/** The text of anything thrown, for a row or a terminal. */
export const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

// ---- names and parameters --------------------------------------------------------------------------------

/** `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...` */
export const unknownName = (
  what: string,
  name: string,
  available: readonly string[],
  { code = 'UNKNOWN_PLUGIN', place }: { code?: ErrorCode; place?: Place | undefined } = {},
): CraquelureError =>
  new CraquelureError(
    code,
    `Unknown ${what} '${name}'.${didYouMean(name, available)} Available: ${listed(available)}${at(place)}`,
  );

/** `Expected integer between 1 and 100 for jpeg.quality but received 0 (file:line)` */
export const expected = (
  what: string,
  field: string,
  received: unknown,
  { code = 'PARAMETER', place }: { code?: ErrorCode; place?: Place | undefined } = {},
): CraquelureError => {
  const type = received === null || received === undefined ? '' : ` of type ${typeof received}`;
  const shown = received === undefined ? 'nothing' : quoted(received);
  return new CraquelureError(code, `Expected ${what} for ${field} but received ${shown}${type}${at(place)}`);
};

/** `Unknown parameter 'qualty' for jpeg. Did you mean 'quality'? Available: quality, subsampling` */
export const unknownParameter = (
  plugin: string,
  name: string,
  available: readonly string[],
  place?: Place,
): CraquelureError => {
  const help =
    available.length === 0 ? ` ${plugin} takes no parameters` : ` Available: ${available.join(', ')}`;
  return new CraquelureError(
    'PARAMETER',
    `Unknown parameter '${name}' for ${plugin}.${didYouMean(name, available)}${help}${at(place)}`,
  );
};

/** A parameter that stands twice in one call. */
export const repeatedParameter = (name: string, place?: Place): CraquelureError =>
  new CraquelureError('PARAMETER', `Parameter '${name}' is given twice${at(place)}`);

/** A chain such as `jpeg(quality=75) | rescale` that cannot be read, and what would have fitted there. */
export const malformedChain = (wanted: string, received: string, place?: Place): CraquelureError =>
  new CraquelureError('PARAMETER', `Expected ${wanted} but received ${received || 'the end'}${at(place)}`);

// ---- images ----------------------------------------------------------------------------------------------

/** A picture that cannot be used, and why; `path` is the file as the user named it. */
const unusableImage = (path: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('IMAGE', `Cannot use image '${path}': ${why}`, options);

const READ_FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path',
  EISDIR: 'it is a folder. Name the pictures in it',
  EACCES: 'permission denied. Make the file readable',
};

export const unreadableFile = (path: string, error: unknown): CraquelureError => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return unusableImage(path, READ_FAILURES[code] ?? reasonOf(error), { cause: error });
};

export const emptyImage = (path: string): CraquelureError =>
  unusableImage(path, 'the file is empty (0 bytes). Fetch or export it again');

export const notAnImage = (path: string): CraquelureError =>
  unusableImage(path, 'it is not a PNG, JPEG, WebP, AVIF, TIFF or GIF file. Convert it to PNG');

export const damagedImage = (path: string, reason: string, cause: unknown): CraquelureError =>
  unusableImage(
    path,
    `the file is cut short or damaged (${reason.split('\n')[0]}). Fetch or export it again`,
    { cause },
  );

export const animatedImage = (path: string, count: number, unit: 'frames' | 'pages'): CraquelureError =>
  unusableImage(path, `it has ${count} ${unit}, expected one. Save the one you mean as a PNG of its own`);

export const unsupportedDepth = (path: string, depth: string): CraquelureError =>
  unusableImage(
    path,
    `its samples are of type ${depth}, expected 8 or 16 bits. Save it with 8 or 16 bits a channel`,
  );

export const imageTooLarge = (
  path: string,
  { width, height }: { readonly width: number; readonly height: number },
  maxPixels: number,
): CraquelureError =>
  unusableImage(
    path,
    `${width}x${height} is ${width * height} pixels, allowed are ${maxPixels}. ` +
      `Make it smaller, or pass --max-pixels ${width * height}`,
  );

export const unknownExtension = (path: string): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Unknown format for '${path}'. Name a file that ends in .png, .jpg, .webp, .avif or .tif`,
  );

export const unwritableImage = (path: string, error: unknown): CraquelureError =>
  new CraquelureError('IMAGE', `Cannot write image '${path}': ${reasonOf(error)}`, { cause: error });

/** A picture too small for what a plug-in does to it. */
export const imageTooSmall = (
  plugin: string,
  { width, height }: { readonly width: number; readonly height: number },
  wanted: string,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected ${wanted} for ${plugin} but received an image of ${width}x${height} px`,
  );

/** Two pictures that were to be compared pixel by pixel. */
export const differentSizes = (
  metric: string,
  a: { readonly width: number; readonly height: number },
  b: { readonly width: number; readonly height: number },
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected two images of the same size for ${metric} but received ${a.width}x${a.height} and ${b.width}x${b.height}`,
  );

// ---- runs and the artefact store -------------------------------------------------------------------------

export const notARun = (dir: string, missing: string, cause: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot read '${missing}' in '${dir}': that folder holds no run. Name a folder that 'craquelure run' wrote, such as reports/quickstart`,
    { cause },
  );

export const diskFull = (path: string): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Cannot write '${path}': no space left on the device. Free some space, or name another place with --store or --out, and run the same command again: finished work is kept`,
  );

export const corruptArtefact = (path: string, hash: string, cause?: unknown): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Artefact '${path}' is damaged or missing: its bytes do not have sha256 ${hash.slice(0, 12)}. It is computed again`,
    { cause },
  );

// ---- the command line ------------------------------------------------------------------------------------

/** A command line that cannot be understood. */
export const usage = (why: string): CraquelureError => new CraquelureError('USAGE', why);

export const missingFile = (path: string, cause: unknown): CraquelureError =>
  new CraquelureError('USAGE', `Cannot open '${path}': ${reasonOf(cause)}`, { cause });

export const emptyFolder = (path: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `No picture in folder '${path}': expected PNG, JPEG, WebP, AVIF or TIFF files`,
  );

export const sameOutput = (first: string, second: string, name: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `'${first}' and '${second}' would both be written as '${name}': rename one, or treat them in two commands`,
  );

export const overwritesInput = (path: string): CraquelureError =>
  new CraquelureError('USAGE', `The result would overwrite '${path}': name another folder with --out`);

export const unmatchedFiles = (a: string, b: string, lonely: readonly string[]): CraquelureError => {
  const shown = lonely.slice(0, 5).map((path) => `'${path}'`);
  const more = lonely.length > shown.length ? ` and ${lonely.length - shown.length} more` : '';
  return new CraquelureError(
    'USAGE',
    `Expected the same names in '${a}' and '${b}' but without partner are ${shown.join(', ')}${more}`,
  );
};

// ---- metrics over embeddings and sets ---------------------------------------------------------------------

export const unknownArtist = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing artist of '${image}', which ${metric} needs. List the pictures in a CSV manifest with a column 'artist'`,
  );

export const unknownGenre = (metric: string, image: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing genre of '${image}', which ${metric} needs. Add a column 'genre' to the manifest, or set ${metric}(genre=...) where all pictures are of one`,
  );

export const mixedTowers = (metric: string, image: string, text: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected one CLIP for ${metric} but pictures are seen by '${image}' and words read by '${text}'. Name the same model in 'image-embedder' and 'text-embedder'`,
  );

export const fewArtists = (metric: string, image: string, artist: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected two artists, and another picture by '${artist}' beside '${image}', for ${metric}. Add pictures to the data set`,
  );

// ---- what the harness holds plug-ins to ------------------------------------------------------------------

interface Size {
  readonly width: number;
  readonly height: number;
}

export const changedSize = (id: string, before: Size, after: Size): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected '${id}' to keep the size ${before.width}x${before.height} but received ${after.width}x${after.height}`,
  );

export const notFinite = (id: string, index: number): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected finite pixels from '${id}' but received NaN or infinity at value ${index}`,
  );

export const notANumber = (id: string): CraquelureError =>
  new CraquelureError('IMAGE', `Expected a number from metric '${id}' but received NaN`);

export const budgetExceeded = (id: string, linfPx: number, epsPx: number): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Protection '${id}' left its budget: the saved file is ${linfPx}/255 from the clean image, allowed are ${epsPx}/255`,
  );

export const perceptualExceeded = (
  id: string,
  model: string,
  distance: number,
  allowed: number,
): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `Protection '${id}' left its budget: the saved file is ${distance} from the clean image in the distance of model '${model}', allowed are ${allowed}`,
  );

// ---- experiment files ------------------------------------------------------------------------------------

export const invalidYaml = (why: string, place: Place): CraquelureError =>
  new CraquelureError('EXPERIMENT', `Cannot read YAML: ${why}${at(place)}`);

export const unevenZip = (
  field: string,
  names: readonly string[],
  lengths: readonly number[],
  place?: Place,
): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    `Expected lists of one length under ${field} but received ${names.map((name, i) => `${name}: ${lengths[i]}`).join(', ')}${at(place)}`,
  );

/** All mistakes of an experiment file, one a line. */
export const invalidExperiment = (file: string, mistakes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'EXPERIMENT',
    mistakes.length === 1
      ? mistakes[0]!
      : [`${mistakes.length} mistakes in ${file}:`, ...mistakes.map((mistake) => `  ${mistake}`)].join('\n'),
  );

export const unreadableExperiment = (file: string, cause: unknown): CraquelureError =>
  new CraquelureError('EXPERIMENT', `Cannot read experiment '${file}': ${reasonOf(cause)}`, { cause });

// ---- runs ------------------------------------------------------------------------------------------------

export const runFolderBusy = (dir: string, pid: number): CraquelureError =>
  new CraquelureError(
    'STORE',
    `Another process${pid > 0 ? ` (${pid})` : ''} works in '${dir}'. Wait for it, stop it, or name another folder with --out`,
  );

export const interrupted = (): CraquelureError =>
  new CraquelureError(
    'INTERRUPTED',
    'Interrupted. Finished work is kept: the same command goes on from here',
  );

export const failedFast = (image: string, why: string): CraquelureError =>
  new CraquelureError('STORE', `Stopped at the first failure, as --fail-fast asks: '${image}': ${why}`);

// ---- arrays ----------------------------------------------------------------------------------------------

/** A .npy file that cannot be used, and why. */
export const unusableArray = (path: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use array '${path}': ${why}`);

// ---- data sets -------------------------------------------------------------------------------------------

/** A manifest or folder that is not there. */
export const missingDataset = (path: string, kind: 'manifest' | 'folder'): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing ${kind} '${path}'. A data set is a CSV manifest, a folder of pictures, or 'atelier'`,
  );

/** A manifest without rows, or a folder without pictures. */
export const emptyDataset = (path: string, notes: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `No picture in data set '${path}'${notes.map((note) => `\n  ${note}`).join('')}`,
  );

/** A manifest whose header lacks columns. */
export const missingColumn = (
  absent: readonly string[],
  found: readonly string[],
  place: Place,
): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing column${absent.length > 1 ? 's' : ''} ${absent.join(', ')} in the header '${found.join(',')}'${at(place)}`,
  );

/** All mistakes in the rows of a manifest, each a line `file:line: what is wrong`. */
export const invalidManifest = (path: string, mistakes: readonly string[]): CraquelureError => {
  const shown = mistakes.slice(0, 10).map((mistake) => `\n  ${mistake}`);
  const more = mistakes.length > shown.length ? `\n  and ${mistakes.length - shown.length} more` : '';
  return new CraquelureError('DATASET', `Invalid manifest '${path}':${shown.join('')}${more}`);
};

/** A manifest none of whose pictures is on this machine. */
export const noPictureFound = (path: string, count: number, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `None of the ${count} pictures of '${path}' is here. Looked in: ${folders.join(', ')}. ` +
      `Fetch them: craquelure datasets pull ${path}; or set CRAQUELURE_DATA to the folder that their paths start from`,
  );

/** A listed picture that no folder holds. */
export const missingPicture = (path: string, folders: readonly string[]): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Missing picture '${path}'. Looked in: ${folders.join(', ')}. ` +
      `Put it there, or set CRAQUELURE_DATA to the folder that its path starts from`,
  );

/** A picture that is a link out of its folder. */
export const pictureOutside = (path: string, folder: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Picture '${path}' is a link that leaves its folder '${folder}'. Replace the link by the file itself`,
  );

/** A picture that the system will not let us read. */
export const unreadablePicture = (path: string, why: string): CraquelureError =>
  new CraquelureError('DATASET', `Cannot read picture '${path}': ${why}`);

/** A picture whose bytes are not those that were listed. */
export const changedPicture = (path: string, listed: string, found: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Picture '${path}' has sha256 ${found} but ${listed} was listed. Get the listed file, or list the new hash`,
  );
// ---- ONNX models and gradients ---------------------------------------------------------------------------

/** A model file that cannot be used, and why. */
export const invalidModel = (name: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use model '${name}': ${why}`, options);

/** External data of a tensor that cannot be used, and why. */
export const unusableExternalData = (model: string, tensor: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot use external data of tensor '${tensor}' in model '${model}': ${why}`);

/** An output that does not fit the input it is to feed. */
export const mismatchedJoin = (
  output: string,
  given: string,
  input: string,
  wanted: string,
): CraquelureError =>
  new CraquelureError('ONNX', `Expected ${wanted} for input '${input}' but output '${output}' is ${given}`);

/** Two models whose external data cannot be named from one folder. */
export const separateFolders = (a: string, b: string): CraquelureError =>
  new CraquelureError('ONNX', `Expected external data in one folder but it lies in '${a}' and in '${b}'`);

/** A model in an operator set whose broadcasting is another. */
export const oldOpset = (found: number, oldest: number): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Expected operator set ${oldest} or later but the model is in ${found}; export it again with a later one`,
  );

/** An operator whose gradient is not known, and how it lies between the loss and what was asked for. */
export const missingRule = (
  operator: string,
  node: string,
  path: readonly string[],
  { controlFlow = false, output = 0 }: { controlFlow?: boolean; output?: number } = {},
): CraquelureError => {
  const why = controlFlow
    ? 'control flow is not differentiated; export the model without it'
    : 'it has no gradient rule';
  const which = output > 0 ? ` by way of its output ${output}` : '';
  return new CraquelureError(
    'ONNX',
    `Cannot differentiate operator ${operator} of node '${node}'${which}: ${why}. Path: ${path.join(' -> ')}`,
  );
};

/** An operator that has a rule, but not for the way this node uses it. */
export const unsupportedGradient = (operator: string, node: string, why: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate operator ${operator} of node '${node}': ${why}`);

/** A name that the loss does not depend on. */
export const noInfluence = (name: string, targets: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate by '${name}': it does not influence ${targets.join(', ')}`,
  );

/** A value that gradients do not exist for. */
export const notDifferentiable = (name: string, dtype: string): CraquelureError =>
  new CraquelureError('ONNX', `Cannot differentiate '${name}': its type is ${dtype}, not a float type`);

/** A loss that is not one number. */
export const notScalar = (name: string, shape: readonly (number | string)[]): CraquelureError =>
  new CraquelureError('ONNX', `Expected a scalar for loss '${name}' but its shape is [${shape.join(', ')}]`);

/** A value whose rank a rule needs and nothing tells. */
export const unknownRank = (name: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Cannot differentiate past '${name}': its rank is unknown; run shape inference on the model first`,
  );
// ---- devices and sessions --------------------------------------------------------------------------------

/** What makes a device work, with exact commands; `install` is onnxruntime-node's own script. */
export const deviceFixes = (device: string, install: string): readonly string[] => {
  const cuda = [
    `fetch the CUDA files, which the npm package lacks: node ${install} --onnxruntime-node-install`,
    'install CUDA 12 and cuDNN 9, and see that nvidia-smi lists a GPU',
  ];
  const webgpu = [
    'on Debian and Ubuntu, install a Vulkan loader and driver: sudo apt-get install libvulkan1 mesa-vulkan-drivers',
    'without a GPU, name a software driver before the start: export VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json',
  ];
  const known: Readonly<Record<string, readonly string[]>> = { cuda, tensorrt: cuda, webgpu };
  return known[device] ?? [];
};

/** A device that cannot be used at all, or that failed while it ran. */
export const deviceFailed = (
  device: string,
  why: string,
  install: string,
  options?: ErrorOptions,
): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    `Cannot use device '${device}': ${why}\nPossible solutions:\n${[
      ...deviceFixes(device, install),
      'see what this machine offers: craquelure doctor',
      'run on the CPU: --device cpu',
    ]
      .map((line) => `  - ${line}`)
      .join('\n')}`,
    options,
  );

/** A model that ONNX Runtime refuses to load. */
export const unloadableModel = (model: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError('ONNX', `Cannot load model '${model}': ${why}`, options);

/** A run that failed inside ONNX Runtime although its inputs fitted. */
export const runFailed = (
  model: string,
  device: string,
  why: string,
  options?: ErrorOptions,
): CraquelureError =>
  new CraquelureError('ONNX', `Model '${model}' failed on device '${device}': ${why}`, options);

/** Inputs that a model needs and that nobody gave. */
export const missingInputs = (model: string, missing: readonly string[]): CraquelureError =>
  new CraquelureError('USAGE', `Missing input ${missing.map(quoted).join(', ')} of model '${model}'`);

/** `Expected float32 [batch, 3, height, width] for input 'image' of model 'm.onnx' but received float32 [1, 4, 8, 8]` */
export const misfitTensor = (
  what: string,
  model: string,
  wanted: string,
  received: string,
): CraquelureError =>
  new CraquelureError('USAGE', `Expected ${wanted} for ${what} of model '${model}' but received ${received}`);

/** Work asked of a session after it was closed: a mistake of ours, but one that should say so. */
export const closedSession = (model: string): CraquelureError =>
  new CraquelureError('DEVICE', `The session of model '${model}' is closed`);

// ---- engine tfjs -----------------------------------------------------------------------------------------

/** TensorFlow.js, or its GPU package, is not there or does not load. */
export const tfjsMissing = (what: string, device: string, why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `Cannot use engine 'tfjs' on device '${device}': ${why.split('\n')[0]}`,
      'Possible solutions:',
      `  - install it: npm install ${what}`,
      "  - use TensorFlow.js's own CPU backend: --engine tfjs --device cpu",
      '  - use the other engine: --engine onnx',
    ].join('\n'),
  );

/** An operator, or a use of one, that the TensorFlow.js engine does not cover. */
export const unsupportedByTfjs = (operator: string, node: string, how?: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Engine 'tfjs' does not know ${operator} '${node}'${how === undefined ? '' : ` ${how}`}. Use engine 'onnx'`,
  );

// ---- gradcheck -------------------------------------------------------------------------------------------

/** A model whose outputs are no numbers at the inputs that were drawn. */
export const notFiniteOutput = (model: string, output: string): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Output '${output}' of model '${model}' is NaN or infinite at random inputs. Give real ones: --input NAME=FILE.npy`,
  );
// ---- models ----------------------------------------------------------------------------------------------

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

// ---- diffusion -------------------------------------------------------------------------------------------

/** A vocabulary that no tokenizer can be made of. */
export const brokenTokenizer = (path: string, why: string, options?: ErrorOptions): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot read tokenizer '${path}': ${why}. Fetch it again from the model's repository, folder 'tokenizer'`,
    options,
  );

/** A U-Net that wants more than a latent, a timestep and a text. */
export const unknownConditions = (model: string, inputs: readonly string[]): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot sample from model '${model}': its U-Net also wants ${inputs.map(quoted).join(' and ')}. ` +
      'Choose a model of the kind of sd15, sd21 or sd21-768',
  );

/** A text encoder and a U-Net of two different models. */
export const mismatchedText = (
  encoder: string,
  given: number,
  unet: string,
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Text encoder '${encoder}' gives ${given} numbers a token but U-Net '${unet}' wants ${wanted}. ` +
      "Choose both from one model: 'models: { diffusion: ID }'",
  );

/** A latent that is no number any more. */
export const notFiniteLatent = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite latents from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );

/** An encoder that gives one latent and not how sure it is of it. */
export const noMoments = (model: string, plugin: string): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected mean and log-variance of latents for ${plugin} but encoder '${model}' gives only the mean. ` +
      "Take the mean, or choose an autoencoder whose file gives both (Optimum's 'latent_parameters')",
  );

/** A configuration of a scheduler that samplers here do not know. */
export const unknownScheduler = (
  path: string,
  field: string,
  value: unknown,
  known: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Cannot use '${path}': ${field} is ${quoted(value)}, known are ${known.join(', ')}`,
  );

// ---- downloads -------------------------------------------------------------------------------------------

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

// ---- attacks ---------------------------------------------------------------------------------------------

/** No browser for a real screenshot. */
export const browserMissing = (
  named: string | undefined,
  names: readonly string[],
  folders: readonly string[],
): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      named
        ? `Expected the path of a browser in CHROMIUM_PATH but '${named}' is not an executable file`
        : `No browser for screenshot(mode=browser): none of ${names.join(', ')} in ${folders.join(', ') || 'an empty PATH'}`,
      'Possible solutions:',
      '  - install one: apt-get install chromium, brew install --cask chromium, or Google Chrome from google.com/chrome',
      '  - name one that is elsewhere: CHROMIUM_PATH=/path/to/chromium',
      '  - do without a browser: screenshot(mode=simulated)',
    ].join('\n'),
  );

/** A browser is there, but not the package that drives it. */
export const playwrightMissing = (why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    [
      `Cannot drive a browser for screenshot(mode=browser): ${why.split('\n')[0]}`,
      'Possible solutions:',
      '  - install the optional package: npm install playwright-core',
      '  - do without a browser: screenshot(mode=simulated)',
    ].join('\n'),
  );

/** A browser that does not start. */
export const browserFailed = (path: string, why: string): CraquelureError =>
  new CraquelureError(
    'DEVICE',
    `Browser '${path}' does not start: ${why}\nName another one with CHROMIUM_PATH=/path/to/chromium`,
  );

/** More device pixels than a browser captures. */
export const screenshotTooLarge = (
  { width, height }: { readonly width: number; readonly height: number },
  largest: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected at most ${largest} px a side on the screen for screenshot but the picture would take ${width}x${height} px`,
  );

/** An attack that learns from pairs of a protection, applied where no protection is known. */
export const notLearned = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' learns from pairs of the protection that it attacks: it runs in an experiment only`,
  );

/** Fewer pictures than a metric of sets can say anything about. */
export const tooFewPictures = (metric: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${wanted} pictures for ${metric} but the set has ${found}`,
  );

/** Fewer pictures to learn from than an attack wants. */
export const fewTrainingPictures = (attack: string, wanted: number, found: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Expected at least ${wanted} pictures in ${attack}.training that are not attacked themselves but found ${found}`,
  );

/** A chain that cannot be written as an ONNX graph. */
export const noGraph = (attack: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Attack '${attack}' cannot be written as an ONNX graph. 'craquelure list attacks' shows which can`,
  );

// ---- sets of features ------------------------------------------------------------------------------------

/** Features that no set distance can be computed from, and why. */
export const unusableFeatures = (name: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot use features '${name}': ${why}`);

export const constantFeatures = (name: string, n: number): CraquelureError =>
  unusableFeatures(name, `all ${n} rows are equal, so that they have no spread. Check how they were made`);

export const zeroFeatures = (name: string, row: number): CraquelureError =>
  unusableFeatures(name, `row ${row} is all zeros and has no direction, which cmmd needs`);

/** Features of two networks, or of two layers. */
export const differentFeatures = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected features of one network but '${a}' has ${inA} columns and '${b}' has ${inB}`,
  );

/** Every set distance depends on n: between two pairs of sets only equal n can be compared. */
export const unequalSets = (a: string, inA: number, b: string, inB: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `Expected sets of equal size but '${a}' has ${inA} rows and '${b}' has ${inB}: set distances depend on n. ` +
      'Take as many of each, or pass --allow-unequal',
  );

export const tooFewNeighbours = (name: string, n: number, k: number): CraquelureError =>
  unusableFeatures(
    name,
    `precision-recall needs more than ${k} rows, for it looks at ${k} neighbours of each, but there are ${n}`,
  );

// ---- protections -----------------------------------------------------------------------------------------

/** A plug-in that asks for the pictures of a parameter without saying that it names any. */
export const undeclaredReference = (parameter: string): CraquelureError =>
  new CraquelureError('USAGE', `No pictures were named by parameter '${parameter}'`);

/** An image that a VAE encoder makes no latent of. */
export const smallerThanCell = (
  model: string,
  { width, height }: { readonly width: number; readonly height: number },
  cell: number,
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected sides of at least ${cell} px, one latent cell of model '${model}', but received an image of ${width}x${height} px`,
  );

/** A perceptual budget that leaves no room for any protection. */
export const perceptualUnmet = (p: number, model: string): CraquelureError =>
  new CraquelureError(
    'BUDGET',
    `No protection within the perceptual budget of ${p}: of all that keeps it in the distance of model '${model}', ` +
      'nothing comes noticeably nearer to the target than the clean picture. Raise lpips or steps, or take a smaller step',
  );

/** No picture of the concept that an anchor is to show. */
export const emptyConcept = (concept: string, pictures: number): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `No anchor for concept '${concept}': none of the ${pictures} pictures has it in its caption or name. Name others with anchors`,
  );

/** A target picture that would have to be enlarged. */
export const targetTooSmall = (
  id: string,
  { width, height }: { readonly width: number; readonly height: number },
  needed: { readonly width: number; readonly height: number },
): CraquelureError =>
  new CraquelureError(
    'IMAGE',
    `Expected a target of at least ${needed.width}x${needed.height} px but '${id}' has ${width}x${height} px`,
  );

/** A descent that cannot go on. Steps count from 1 for the reader. */
export const notFiniteGradient = (model: string, step: number): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `Expected finite gradients from model '${model}' but received NaN or infinity at step ${step + 1}`,
  );

// ---- fine-tuning -----------------------------------------------------------------------------------------

export const loraMatchesNothing = (pattern: string, modules: readonly string[]): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `No layer's path matches /${pattern}/. ` +
      (modules.length === 0
        ? 'The model has no linear layer or convolution with a stored weight.'
        : `Layers: ${listed(modules)}`),
  );

export const loraRankTooHigh = (
  rank: number,
  module: string,
  inFeatures: number,
  outFeatures: number,
): CraquelureError =>
  new CraquelureError(
    'ONNX',
    `Rank ${rank} is above what '${module}' can have: its weight maps ${inFeatures} to ${outFeatures}. ` +
      `Choose a rank of at most ${Math.min(inFeatures, outFeatures)}, or leave it out by the pattern.`,
  );

export const lossNotFinite = (
  step: number,
  kept?: { readonly name: string; readonly step: number },
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `The loss or its gradient is no finite number at training step ${step}. A lower rate usually helps.` +
      (kept === undefined ? '' : ` The checkpoint of step ${kept.step} is kept: ${kept.name}`),
  );

export const otherTraining = (checkpoint: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `'${checkpoint}' is the checkpoint of another training: other pictures, captions, settings or models. ` +
      'Delete it to begin anew, or choose another place for the result',
  );

export const kohyaIsLora = (method: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `--format kohya names the pairs of a LoRA, and ${method} has none: leave --format out, or choose --method lora`,
  );

export const brokenSafetensors = (path: string, why: string): CraquelureError =>
  new CraquelureError('MODEL', `Cannot read '${path}' as safetensors: ${why}`);

export const noWeights = (): CraquelureError =>
  new CraquelureError(
    'ONNX',
    'The model has no weight under a name of its own (`<path>.weight`) to be trained.',
  );

export const noTokenTable = (why: string): CraquelureError =>
  new CraquelureError('ONNX', `The text encoder has no embedding of that token to be trained: ${why}`);

export const unknownToken = (token: string): CraquelureError =>
  new CraquelureError(
    'PARAMETER',
    `The text encoder's vocabulary has no token '${token}': textual inversion needs one of its own, such as <new-0> of ` +
      'the embedded model',
  );

export const fewerPicturesThanBatch = (pictures: number, batch: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `${pictures} picture${pictures === 1 ? '' : 's'} cannot fill a batch of ${batch}: ` +
      `add pictures, or set batch to at most ${pictures}`,
  );

export const sideNotWhole = (side: number, multiple: number): CraquelureError =>
  expected(`multiple of ${multiple} px`, 'side', side, { code: 'USAGE' });

export const foreignLora = (
  path: string,
  role: string,
  name: string,
  found?: readonly number[],
  wanted?: readonly number[],
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `'${path}' was not made for this ${role === 'unet' ? 'U-Net' : 'text encoder'}: ` +
      (found === undefined
        ? `it has no layer for '${name}'`
        : `'${name}' is [${found.join(', ')}] and would have to be [${(wanted ?? []).join(', ')}]`),
  );

export const otherEmbedding = (
  path: string,
  token: string,
  found: readonly number[],
  wanted: number,
): CraquelureError =>
  new CraquelureError(
    'MODEL',
    `'${path}' was not made for this text encoder: the embedding of '${token}' is [${found.join(', ')}] and would have to ` +
      `be [${wanted}]`,
  );

export const tooFewToLearn = (artist: string, pictures: number, heldOut: number): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `${artist === '' ? 'The data set' : artist} has ${pictures} pictures. With ${heldOut} held out to judge by, ` +
      'none is left to learn: add pictures, or lower heldOut',
  );

export const noConceptPictures = (concept: string): CraquelureError =>
  new CraquelureError(
    'DATASET',
    `Too few pictures of the data set have '${concept}' in their caption or title to learn some and to judge by others. ` +
      "Captions stand in the column 'caption' of its manifest",
  );

export const needsExperiment = (metric: string): CraquelureError =>
  new CraquelureError(
    'USAGE',
    `${metric} trains a model for each arm and so belongs into an experiment: craquelure run EXPERIMENT`,
  );

export const unreadableVotes = (file: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot read votes from '${file}': ${why}`);
