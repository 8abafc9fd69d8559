/** @file A YAML text as plain data that still knows on which line each value stands. */
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { invalidYaml, type Place } from '../messages/index.ts';

/** Field names and list indices from the top of the file. */
export type YamlPath = readonly (string | number)[];

export interface YamlFile {
  readonly value: unknown;
  /** Where the value at `path` stands; the nearest enclosing value where there is none. */
  placeOf(path: YamlPath): Place;
}

/** Parses YAML. @throws EXPERIMENT with file and line where the text is not YAML. */
export function parseYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const mistake = document.errors[0];
  if (mistake !== undefined)
    throw invalidYaml(mistake.message, { file, line: lines.linePos(mistake.pos[0]).line });

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
    value: document.toJS(),
    placeOf: (path) => ({ file, line: lines.linePos(offsetOf(path)).line }),
  };
}
