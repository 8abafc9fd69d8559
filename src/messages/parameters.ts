/** @file What the program says when something is wrong with names, parameters and flags. */
import { CraquelureError, type ErrorCode, type Place, at, didYouMean, listed, quoted } from './base.ts';

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
  const shown = received === undefined ? 'nothing' : quoted(received);
  return new CraquelureError(code, `Expected ${what} for ${field} but received ${shown}${at(place)}`);
};

/** `Unknown parameter 'qualty' for jpeg. Did you mean 'quality'? Available: quality, subsampling` */
export const unknownParameter = (
  plugin: string,
  name: string,
  available: readonly string[],
  place?: Place,
): CraquelureError => {
  const help =
    available.length === 0 ? ` ${plugin} has no parameters` : ` Available: ${available.join(', ')}`;
  return new CraquelureError(
    'PARAMETER',
    `Unknown parameter '${name}' for ${plugin}.${didYouMean(name, available)}${help}${at(place)}`,
  );
};

/** `Unknown parameter 'rate' for lora-mimicry. Its name is now 'lr'` */
export const renamedParameter = (
  plugin: string,
  former: string,
  name: string,
  place?: Place,
): CraquelureError =>
  new CraquelureError(
    'PARAMETER',
    `Unknown parameter '${former}' for ${plugin}. Its name is now '${name}'${at(place)}`,
  );

/** A parameter that is given twice in one call. */
export const repeatedParameter = (name: string, place?: Place): CraquelureError =>
  new CraquelureError('PARAMETER', `Parameter '${name}' is given twice${at(place)}`);

/** A chain such as `jpeg(quality=75) | rescale` that cannot be read, and what was expected there. */
export const malformedChain = (wanted: string, received: string, place?: Place): CraquelureError =>
  new CraquelureError(
    'PARAMETER',
    `Expected ${wanted} but received ${received || 'the end of the text'}${at(place)}`,
  );
