/** @file Attack families: settings that differ in one strength parameter only, and so make a curve. */
import type { Setting } from '../experiment/setting.ts';
import type { Analysis } from './answers.ts';
import { groupBy } from '../stats/group.ts';

/** An attack swept over its strength. */
export interface Family {
  /** `jpeg`, `jpeg | rescale`: with the swept parameter left out. */
  readonly label: string;
  /** The plug-in's label for figures. */
  readonly attack: string;
  readonly parameter: string;
  readonly harsher: 'higher' | 'lower';
  readonly points: readonly FamilyPoint[];
}

interface FamilyPoint {
  readonly strength: number;
  readonly analysis: Analysis;
}

/** One strength parameter of one link of a setting, and everything else that is fixed. */
interface Axis {
  readonly key: string;
  readonly link: number;
  readonly strength: number;
}

/** The families among analyses of one effect: at least two strengths of the same attack. */
export function familiesOf(analyses: readonly Analysis[]): Family[] {
  const points = analyses.flatMap((analysis) =>
    axesOf(analysis.attack).map((axis) => ({ analysis, ...axis })),
  );
  return [...groupBy(points, ({ key }) => key).values()]
    .filter((group) => new Set(group.map(({ strength }) => strength)).size > 1)
    .map((group) => {
      const { analysis, link } = group[0]!;
      const swept = analysis.attack.links[link]!;
      return {
        label: sweptLabel(analysis.attack, link),
        attack: swept.name,
        parameter: swept.strength!.parameter,
        harsher: swept.strength!.harsher,
        points: group
          .map(({ strength, analysis }) => ({ strength, analysis }))
          .sort((a, b) => a.strength - b.strength),
      };
    });
}

function axesOf(attack: Setting): Axis[] {
  return attack.links.flatMap((swept, link) => {
    if (swept.strength === undefined) return [];
    const strength = swept.params[swept.strength.parameter];
    if (typeof strength !== 'number') return [];
    const fixed = attack.links.map(({ id, params }, i) => [
      id,
      Object.entries(params)
        .filter(([name]) => i !== link || name !== swept.strength!.parameter)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    return [{ key: JSON.stringify([link, fixed]), link, strength }];
  });
}

/** The label of a setting without the swept parameter of one link: `jpeg(quality=75, chroma=4:4:4)` -> `jpeg(chroma=4:4:4)`. */
function sweptLabel(attack: Setting, link: number): string {
  const parts = attack.label.split(' | ');
  const { parameter } = attack.links[link]!.strength!;
  const swept = parts[link] ?? attack.label;
  const open = swept.indexOf('(');
  if (parts.length !== attack.links.length || open < 0) return attack.label;
  const rest = swept
    .slice(open + 1, -1)
    .split(', ')
    .filter((pair) => !pair.startsWith(`${parameter}=`));
  parts[link] = swept.slice(0, open) + (rest.length > 0 ? `(${rest.join(', ')})` : '');
  return parts.join(' | ');
}
