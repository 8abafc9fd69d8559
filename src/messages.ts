/**
 * @file Every sentence the program says when something is wrong, as functions that build the error.
 *
 * Two shapes: `Expected integer between 1 and 100 for jpeg.quality but received 0 (experiments/demo.yaml:14)`
 * and `Unknown attack 'jpg'. Did you mean 'jpeg'? Available: ...`. Tests assert on these functions, so that a
 * sentence is worded once.
 */
export { CraquelureError, type ErrorCode, type Place, reasonOf } from './messages/base.ts';
export * from './messages/attacks.ts';
export * from './messages/cli.ts';
export * from './messages/datasets.ts';
export * from './messages/diffusion.ts';
export * from './messages/harness.ts';
export * from './messages/images.ts';
export * from './messages/metrics.ts';
export * from './messages/models.ts';
export * from './messages/onnx.ts';
export * from './messages/parameters.ts';
export * from './messages/protections.ts';
export * from './messages/runtime.ts';
