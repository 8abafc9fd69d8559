/**
 * @file Arithmetic on sizes that may be unknown until a graph runs.
 *
 * A size is a number or a symbol. Arithmetic on symbols gives symbols that spell the arithmetic (as JSON), in a normal
 * form that gathers terms and factors; so two sizes that are computed in the same way along two branches of a graph
 * are recognised as equal, and any of them can be computed from the sizes of the graph's inputs.
 */

/** A number, or the spelling of a size that is known only when the graph runs. Equal spellings are equal sizes. */
export type Size = number | string;

/** What a spelling says: a sum of multiples of symbols, a product, a quotient rounded down, or none of these. */
export type Expression =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'sum'; readonly constant: number; readonly terms: readonly string[] }
  | { readonly kind: 'product'; readonly constant: number; readonly factors: readonly string[] }
  | { readonly kind: 'quotient'; readonly dividend: Size; readonly divisor: Size }
  | { readonly kind: 'opaque' };

/** JSON of nested lists: numbers and names are leaves. */
type Tree = number | string | readonly Tree[];

const isSpelled = (size: Size): size is string => typeof size === 'string' && size.startsWith('["');

const treeOf = (size: Size): Tree => (isSpelled(size) ? (JSON.parse(size) as Tree) : size);

const sizeOf = (tree: Tree): Size => (typeof tree === 'object' ? JSON.stringify(tree) : tree);

const spell = (operator: string, ...parts: readonly Size[]): string =>
  JSON.stringify([operator, ...parts.map(treeOf)]);

/** Reads a spelling. */
export function expressionOf(symbol: string): Expression {
  if (!isSpelled(symbol)) return { kind: 'name', name: symbol };
  const [operator, ...trees] = JSON.parse(symbol) as [string, ...Tree[]];
  const rest = trees.map(sizeOf);
  if (operator === '/') return { kind: 'quotient', dividend: rest[0]!, divisor: rest[1]! };
  const [constant, ...symbols] = rest as [number, ...string[]];
  if (operator === '+') return { kind: 'sum', constant, terms: symbols };
  return operator === '*' ? { kind: 'product', constant, factors: symbols } : { kind: 'opaque' };
}

/** A size that arithmetic does not look into. */
export const opaqueSize = (name: string, ...parts: readonly Size[]): string => spell(name, ...parts);

type Terms = Map<string, number>;

/** A size as a constant and multiples of symbols. */
function toTerms(a: Size, factor: number, into: Terms): number {
  if (typeof a === 'number') return factor * a;
  const expression = expressionOf(a);
  if (expression.kind === 'sum') {
    return expression.terms.reduce(
      (sum, term) => sum + toTerms(term, factor, into),
      factor * expression.constant,
    );
  }
  const [constant, symbols] = toFactors(a);
  const base = spellProduct(1, symbols) as string;
  into.set(base, (into.get(base) ?? 0) + factor * constant);
  return 0;
}

function spellSum(constant: number, terms: Terms): Size {
  const spelled = [...terms]
    .filter(([, multiple]) => multiple !== 0)
    .map(([base, multiple]) => spellProduct(multiple, toFactors(base)[1]) as string)
    .sort();
  if (spelled.length === 0) return constant;
  return spelled.length === 1 && constant === 0 ? spelled[0]! : spell('+', constant, ...spelled);
}

function sumOf(a: Size, b: Size, factor: number): Size {
  const terms: Terms = new Map();
  const constant = toTerms(a, 1, terms) + toTerms(b, factor, terms);
  return spellSum(constant, terms);
}

/** `a + b` */
export const addSizes = (a: Size, b: Size): Size => sumOf(a, b, 1);

/** `a - b` */
export const subtractSizes = (a: Size, b: Size): Size => sumOf(a, b, -1);

/** A size as a constant and the symbols that it is multiplied by. */
function toFactors(a: Size): readonly [constant: number, symbols: readonly string[]] {
  if (typeof a === 'number') return [a, []];
  const expression = expressionOf(a);
  return expression.kind === 'product' ? [expression.constant, expression.factors] : [1, [a]];
}

function spellProduct(constant: number, symbols: readonly string[]): Size {
  if (constant === 0 || symbols.length === 0) return constant;
  return constant === 1 && symbols.length === 1 ? symbols[0]! : spell('*', constant, ...symbols);
}

/** `a * b` */
export function multiplySizes(a: Size, b: Size): Size {
  const [constantA, symbolsA] = toFactors(a);
  const [constantB, symbolsB] = toFactors(b);
  return spellProduct(constantA * constantB, [...symbolsA, ...symbolsB].sort());
}

/** `floor(a / b)`; exact where the factors of `b` are factors of `a`. */
export function divideSizes(a: Size, b: Size): Size {
  if (b === 1) return a;
  if (typeof a === 'number' && typeof b === 'number' && b !== 0) return Math.floor(a / b);
  const [constantA, symbolsA] = toFactors(a);
  const [constantB, symbolsB] = toFactors(b);
  const left = [...symbolsA];
  for (const symbol of symbolsB) {
    const at = left.indexOf(symbol);
    if (at < 0) return spell('/', a, b);
    left.splice(at, 1);
  }
  const exact = constantB !== 0 && constantA % constantB === 0;
  return exact ? spellProduct(constantA / constantB, left) : spell('/', a, b);
}

/** The product of all sizes; 1 where there are none. */
export function productOf(sizes: readonly Size[]): Size {
  return sizes.reduce<Size>(multiplySizes, 1);
}
