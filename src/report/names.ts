/**
 * @file Names of settings as the report prints them. A label leaves defaults out, which reads badly beside its
 * siblings: of `jpeg(quality=90)`, `jpeg`, `jpeg(quality=50)` the second is printed as `jpeg(quality=75)`.
 */
import type { Setting } from '../harness/run-folder.ts';
import { groupBy } from './group.ts';

/** A printed name for each label; swept parameters are always in it. Still unique. */
export function printedNames(settings: readonly Setting[]): Map<string, string> {
  const distinct = [...new Map(settings.map((setting) => [setting.label, setting])).values()];
  const siblings = groupBy(distinct, ({ links }) => links.map(({ id }) => id).join(' | '));
  return new Map(
    [...siblings.values()].flatMap((group) =>
      group.map((setting): [string, string] => [setting.label, nameOf(setting, group)]),
    ),
  );
}

function nameOf({ label, links }: Setting, group: readonly Setting[]): string {
  const parts = label.split(' | ');
  if (parts.length !== links.length) return label;
  return parts
    .map((part, link) => {
      const missing = Object.entries(links[link]!.params)
        .filter(([name]) => isSwept(group, link, name) && !new RegExp(`[(,]\\s*${name}=`).test(part))
        .map(([name, value]) => `${name}=${shown(value)}`);
      if (missing.length === 0) return part;
      return part.endsWith(')')
        ? `${part.slice(0, -1)}, ${missing.join(', ')})`
        : `${part}(${missing.join(', ')})`;
    })
    .join(' | ');
}

const isSwept = (group: readonly Setting[], link: number, name: string): boolean =>
  new Set(group.map(({ links }) => JSON.stringify(links[link]!.params[name]))).size > 1;

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
