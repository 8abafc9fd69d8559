import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSizes,
  divideSizes,
  expressionOf,
  multiplySizes,
  productOf,
  type Size,
  subtractSizes,
} from '../../src/onnx/sizes.ts';

/** The number that a size is, given those that names stand for. */
function evaluated(size: Size, names: Readonly<Record<string, number>>): number {
  if (typeof size === 'number') return size;
  const expression = expressionOf(size);
  const at = (part: Size): number => evaluated(part, names);
  if (expression.kind === 'name') return names[expression.name]!;
  if (expression.kind === 'sum') return expression.terms.reduce((sum, t) => sum + at(t), expression.constant);
  if (expression.kind === 'product')
    return expression.factors.reduce((p, f) => p * at(f), expression.constant);
  if (expression.kind === 'quotient') return Math.floor(at(expression.dividend) / at(expression.divisor));
  throw new Error(`opaque: ${size}`);
}

describe('sizes', () => {
  it('are what the arithmetic that spells them says', () => {
    const names = { height: 37, width: 23 };
    const step = fc.tuple(
      fc.constantFrom('+', '-', '*', '/'),
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom('height', 'width')),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        let size: Size = 'height';
        let value = names.height;
        for (const [operator, operand] of steps) {
          const n = evaluated(operand, names);
          if (operator === '+') [size, value] = [addSizes(size, operand), value + n];
          if (operator === '-') [size, value] = [subtractSizes(size, operand), value - n];
          if (operator === '*') [size, value] = [multiplySizes(size, operand), value * n];
          if (operator === '/') [size, value] = [divideSizes(size, operand), Math.floor(value / n)];
        }
        expect(evaluated(size, names)).toBe(value);
      }),
    );
  });

  it('are equal where the same arithmetic leads to them', () => {
    expect(addSizes(subtractSizes('h', 3), 3)).toBe('h');
    expect(subtractSizes('h', 'h')).toBe(0);
    expect(divideSizes(multiplySizes('h', multiplySizes('w', 4)), 'h')).toBe(multiplySizes(4, 'w'));
    expect(addSizes('h', 'w')).toBe(addSizes('w', 'h'));
    expect(productOf([2, 'h', 3])).toBe(multiplySizes('h', 6));
  });

  it('stay short however deep the arithmetic', () => {
    let size: Size = 'height';
    for (let i = 0; i < 30; i++) size = addSizes(divideSizes(subtractSizes(size, 3), 2), 1);
    expect(String(size).length).toBeLessThan(1000);
  });
});
