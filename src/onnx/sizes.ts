/**
 * @file Arithmetic on sizes that may be unknown until a graph runs.
 *
 * A size is a number or a symbol. Results of arithmetic on symbols are symbols spelled as the arithmetic, in a
 * normal form that knows constants, neutral elements and cancelling factors; so two sizes that are computed in the
 * same way along two branches of a graph are recognised as equal, which is all that is ever asked of them.
 */

/** A number, or the spelling of a size that is known only when the graph runs. Equal spellings are equal sizes. */
export type Size = number | string;

/** The constant and the symbolic part of a sum. */
const sumOf = (a: Size): readonly [symbol: string, constant: number] => {
  if (typeof a === 'number') return ['', a];
  const parts = /^\((.*)([+-]\d+)\)$/.exec(a);
  return parts === null || !isBalanced(parts[1]!) ? [a, 0] : [parts[1]!, Number(parts[2])];
};

const isBalanced = (text: string): boolean => {
  let depth = 0;
  for (const c of text) {
    depth += c === '(' ? 1 : c === ')' ? -1 : 0;
    if (depth < 0) return false;
  }
  return depth === 0;
};

const spellSum = (symbol: string, constant: number): Size => {
  if (symbol === '') return constant;
  return constant === 0 ? symbol : `(${symbol}${constant < 0 ? '' : '+'}${constant})`;
};

/** `a + b` */
export function addSizes(a: Size, b: Size): Size {
  const [symbolA, constantA] = sumOf(a);
  const [symbolB, constantB] = sumOf(b);
  const constant = constantA + constantB;
  if (symbolA === '' || symbolB === '') return spellSum(symbolA + symbolB, constant);
  if (symbolA === `(-1*${symbolB})` || symbolB === `(-1*${symbolA})`) return constant;
  return spellSum(`<${[symbolA, symbolB].sort().join('+')}>`, constant);
}

/** `a - b` */
export function subtractSizes(a: Size, b: Size): Size {
  if (typeof b === 'number') return addSizes(a, -b);
  const [symbolA, constantA] = sumOf(a);
  const [symbolB, constantB] = sumOf(b);
  return symbolA === symbolB ? constantA - constantB : addSizes(a, `(-1*${b})`);
}

/** The factors of a product, the constant one apart. */
const factorsOf = (a: Size): readonly [constant: number, symbols: readonly string[]] => {
  if (typeof a === 'number') return [a, []];
  const parts = /^\[(-?\d+)\*(.*)\]$/.exec(a);
  return parts === null ? [1, [a]] : [Number(parts[1]), JSON.parse(parts[2]!) as string[]];
};

const spellProduct = (constant: number, symbols: readonly string[]): Size => {
  if (constant === 0 || symbols.length === 0) return constant;
  return constant === 1 && symbols.length === 1 ? symbols[0]! : `[${constant}*${JSON.stringify(symbols)}]`;
};

/** `a * b` */
export function multiplySizes(a: Size, b: Size): Size {
  const [constantA, symbolsA] = factorsOf(a);
  const [constantB, symbolsB] = factorsOf(b);
  return spellProduct(constantA * constantB, [...symbolsA, ...symbolsB].sort());
}

/** `floor(a / b)`; exact where the factors of `b` are factors of `a`. */
export function divideSizes(a: Size, b: Size): Size {
  if (b === 1) return a;
  const [constantA, symbolsA] = factorsOf(a);
  const [constantB, symbolsB] = factorsOf(b);
  const left = [...symbolsA];
  for (const symbol of symbolsB) {
    const at = left.indexOf(symbol);
    if (at < 0) return `floor(${a}/${b})`;
    left.splice(at, 1);
  }
  if (left.length === 0 && symbolsB.length === 0 && constantB !== 0) return Math.floor(constantA / constantB);
  return constantB !== 0 && constantA % constantB === 0
    ? spellProduct(constantA / constantB, left)
    : `floor(${a}/${b})`;
}

/** The product of all sizes; 1 where there are none. */
export function productOf(sizes: readonly Size[]): Size {
  return sizes.reduce<Size>(multiplySizes, 1);
}
