/** @file Equations of Einsum, with the ellipsis written out as letters. */

/** The letter of every axis of every operand, and of the output. */
export interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/**
 * Reads an equation like `...ij,...jk->...ik` for operands of known ranks. An axis under an ellipsis gets the letter
 * `.0`, `.1`, ... counted from the right, as it broadcasts. Without `->` the output has the letters that occur once,
 * in alphabetical order, after the ellipsis.
 */
export function parseEinsum(equation: string, ranks: readonly number[]): Equation {
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',').map((term, i) => spelled(term, ranks[i]!));
  const dots = terms.flat().filter((letter) => letter.startsWith('.'));
  const widest = Math.max(0, ...dots.map((letter) => Number(letter.slice(1)) + 1));
  if (right !== undefined) return { terms, output: spelled(right, right.replace('...', '').length + widest) };
  const letters = terms.flat().filter((letter) => !letter.startsWith('.'));
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return { terms, output: [...spelled('...', widest), ...once.sort()] };
}

/** The equation as ONNX spells it; letters of the ellipsis become letters that are not in use. */
export function spellEinsum({ terms, output }: Equation): string {
  const used = new Set([...terms.flat(), ...output]);
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter(
    (letter) => !used.has(letter),
  );
  const stand = new Map<string, string>();
  const spell = (letter: string): string => {
    if (!letter.startsWith('.')) return letter;
    if (!stand.has(letter)) stand.set(letter, free.shift()!);
    return stand.get(letter)!;
  };
  return `${terms.map((term) => term.map(spell).join('')).join(',')}->${output.map(spell).join('')}`;
}

const spelled = (term: string, rank: number): string[] => {
  const [before = '', after] = term.split('...');
  if (after === undefined) return [...term];
  const hidden = rank - before.length - after.length;
  const dots = Array.from({ length: hidden }, (_, i) => `.${hidden - 1 - i}`);
  return [...before, ...dots, ...after];
};
