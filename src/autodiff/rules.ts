/** @file The one table of rules. An operator that is not in it has no gradient, and says so. */
import type { Node } from '../onnx/model.ts';
import type { Rule } from './rule.ts';
import { CONVOLUTION } from './rules/convolution.ts';
import { ELEMENTWISE } from './rules/elementwise.ts';
import { FUSED } from './rules/fused.ts';
import { LAYOUT } from './rules/layout.ts';
import { NORMALIZATION } from './rules/normalization.ts';
import { PRODUCT } from './rules/product.ts';
import { QUANTIZATION } from './rules/quantization.ts';
import { REDUCTION } from './rules/reduction.ts';
import { RESAMPLING } from './rules/resampling.ts';

/** Rules by operator; those of other domains as `domain.Operator`. */
export const RULES = {
  ...ELEMENTWISE,
  ...LAYOUT,
  ...REDUCTION,
  ...PRODUCT,
  ...CONVOLUTION,
  ...RESAMPLING,
  ...NORMALIZATION,
  ...FUSED,
  ...QUANTIZATION,
} as const satisfies Record<string, Rule>;

/** The name of an operator that has a rule. */
export type OperatorWithRule = keyof typeof RULES;

/** The rule of a node's operator. */
export function ruleOf({ domain, opType }: Node): Rule | undefined {
  const key = domain === '' ? opType : `${domain}.${opType}`;
  return Object.hasOwn(RULES, key) ? RULES[key as OperatorWithRule] : undefined;
}
