/**
 * @file Regular expressions from files of others. One with a repetition inside a repetition, or with alternatives inside one,
 * can take longer than the age of the universe for a text of forty letters; no known tokenizer needs one.
 */

/** An open group: whether it holds a repetition or alternatives. */
interface Group {
  loops: boolean;
}

/**
 * Whether a pattern ends soon on any text: no group that repeats without end, or holds alternatives, is itself repeated.
 */
export function endsSoon(pattern: string): boolean {
  const groups: Group[] = [{ loops: false }];
  let closed: Group | undefined;
  for (let at = 0; at < pattern.length; at++) {
    const last = closed;
    closed = undefined;
    const sign = pattern[at]!;
    if (sign === '\\') at++;
    else if (sign === '[') at = endOfClass(pattern, at);
    else if (sign === '(') groups.push({ loops: false });
    else if (sign === ')') closed = close(groups);
    else if (sign === '|') groups.at(-1)!.loops = true;
    else if (repeats(pattern, at)) {
      if (last?.loops) return false;
      groups.at(-1)!.loops = true;
    }
  }
  return true;
}

/** Ends a group; what loops in it loops in the one around it. */
function close(groups: Group[]): Group {
  const group = groups.length > 1 ? groups.pop()! : groups[0]!;
  if (group.loops) groups.at(-1)!.loops = true;
  return group;
}

/** Whether a sign repeats what is before it many times: `*`, `+`, `{2,}` or `{2,9}`, not `?`. */
const repeats = (pattern: string, at: number): boolean =>
  /^(?:[*+]|\{\d+(?:,\d*)?\})/.test(pattern.slice(at, at + 24));

function endOfClass(pattern: string, from: number): number {
  for (let at = from + 1; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at;
  }
  return pattern.length;
}
