/** @file The public API, on one screen. Everything else is internal and may move. */

// Pictures
export { decodeImage, encodeImage, readImage, writeImage } from './image/codec.ts';
export {
  type EncodedImage,
  fromBytes,
  type Image,
  type ImageFormat,
  toBytes,
  withPixels,
} from './image/image.ts';
export { type ResampleKernel, resize } from './image/resample.ts';

// Plug-ins
export { type Attack, defineAttack } from './attacks/define.ts';
export { applyChain } from './attacks/chain.ts';
export { chainGraph } from './attacks/graph/chain.ts';
export { attacks } from './attacks/index.ts';
export { defineMetric, type ImageRef, type ImageSet, type Metric } from './metrics/define.ts';
export { metrics } from './metrics/index.ts';
export { type Budget, defineProtection, type Protection } from './protections/define.ts';
export { protections } from './protections/index.ts';
export { openRole, type PluginBase, type PluginContext } from './plugin/define.ts';
export { drawsOf, runTransformation, type Transformation } from './plugin/transformation.ts';
export { parseParameters } from './plugin/parameters.ts';
export { parseChain } from './plugin/call.ts';

// Experiments
export { cellsOf, type Experiment, parseExperiment, readExperiment } from './experiment/experiment.ts';
export { type Executor, inlineExecutor, localExecutor } from './jobs/executor.ts';
export { prepareRun } from './run/prepare.ts';
export { type RunInputs, type RunOptions, type RunOutcome, runPlan } from './run/run.ts';
export { type CellRecord, type RunFolder, type RunImage, readRunFolder } from './run/run-folder.ts';
export type { Manifest } from './run/manifest.ts';
export type { Row } from './run/rows.ts';
export type { Arm } from './metrics/arms.ts';
export { type ReportOptions, writeReport } from './report/report.ts';

// Analysis
export { analyse, analysisOptions } from './analysis/analyse.ts';
export type {
  Analysis,
  AnalysisOptions,
  Answers,
  ArmMean,
  Effect,
  Outcome,
  PlaceboContrast,
} from './analysis/answers.ts';
export { type Findings, findingsOf } from './analysis/findings/findings.ts';
export type { Agreement } from './analysis/findings/agreement.ts';
export type { Comparison } from './analysis/findings/baseline.ts';
export type { MimicGain } from './analysis/findings/mimic-gain.ts';
export type { Price, Prices } from './analysis/findings/price.ts';
export type { ProtectionSummary } from './analysis/findings/protection-summary.ts';
export type { WorstCase } from './analysis/findings/worst-case.ts';
export type { Estimate } from './stats/inference.ts';
export type { Residual } from './stats/residual.ts';
export type { Thresholds, Verdict, VerdictWord } from './stats/verdict.ts';

// Models
export { catalogue } from './models/catalogue/index.ts';
export { type ModelChoices, parseModelChoices } from './models/choice.ts';
export { type ModelHome, modelHome } from './models/home.ts';
export { openModel, type RoleModel } from './models/open.ts';
export { imageTensor } from './models/pixels.ts';
export { type ResolvedModel, resolveModel } from './models/resolve.ts';
export { type ModelRole, ROLES } from './models/roles.ts';
export { gradientGraph } from './autodiff/gradient.ts';
export { readModel, writeModel } from './onnx/files.ts';

// Shared
export { CraquelureError, type ErrorCode } from './messages/index.ts';
export { deriveSeed, type Random, seededRandom } from './random.ts';
