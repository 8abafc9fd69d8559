/**
 * @file Every sentence the program says when something is wrong, as functions that build the error.
 *
 * Two shapes: `Expected integer between 1 and 100 for jpeg.quality but received 0 (experiments/demo.yaml:14)`
 * and `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...`. Tests assert on these functions, so that a
 * sentence is worded once.
 */
export { CraquelureError, type ErrorCode, notUtf8, type Place, reasonOf } from './base.ts';
export * from './attacks.ts';
export * from './cli.ts';
export * from './datasets.ts';
export * from './diffusion.ts';
export * from './experiment.ts';
export * from './images.ts';
export * from './jobs.ts';
export * from './metrics.ts';
export * from './models.ts';
export * from './networks.ts';
export * from './onnx.ts';
export * from './parameters.ts';
export * from './protections.ts';
export * from './report.ts';
export * from './run.ts';
export * from './runtime.ts';
export * from './standalone.ts';
