/** @file A YAML text as plain data that still knows on which line each value stands. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { invalidYaml, type Place, reasonOf } from '../messages/index.ts';

/** Field names and list indices from the top of the file. */
export type YamlPath = readonly (string | number)[];

export interface YamlFile {
  readonly value: unknown;
  /** Where the value at `path` stands; the nearest enclosing value where there is none. */
  placeOf(path: YamlPath): Place;
}

const TOO_DEEP = 'it is nested too deeply';

/** What the library throws instead of noting it: an alias to nothing or to too much, and lists nested without end. */
function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalidYaml(error instanceof RangeError ? TOO_DEEP : reasonOf(error), { file });
  }
}

/** Parses YAML. @throws EXPERIMENT with file and line where the text is not YAML. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = readable(file, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' }),
  );
  const mistake = document.errors[0];
  if (mistake !== undefined)
    throw invalidYaml(/call stack/.test(mistake.message) ? TOO_DEEP : mistake.message, {
      file,
      line: lines.linePos(mistake.pos[0]).line,
    });

  const offsetOf = (path: YamlPath): number => {
    const parent = document.getIn(path.slice(0, -1), true);
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path, true) as { range?: readonly number[] | null } | undefined;
    if (node?.range) return node.range[0]!;
    return path.length === 0 ? 0 : offsetOf(path.slice(0, -1));
  };

  return {
    value: readable(file, () => document.toJS() as unknown),
    placeOf: (path) => ({ file, line: lines.linePos(offsetOf(path)).line }),
  };
}
