/**
 * @file Names of settings as the report prints them. A label leaves defaults out, which is unclear in a sweep: `jpeg` is
 * printed as `jpeg(quality=75)` if the run also has `jpeg(quality=90)`.
 */
import type { Setting, SettingLink } from '../experiment/setting.ts';
import { groupBy } from '../stats/group.ts';

/** A printed name for each label; swept parameters are always in it. Still unique. */
export function printedNames(settings: readonly Setting[]): Map<string, string> {
  const distinct = [...new Map(settings.map((setting) => [setting.label, setting])).values()];
  const siblings = groupBy(
    distinct.flatMap(({ links }) => links),
    ({ id }) => id,
  );
  return new Map(distinct.map((setting): [string, string] => [setting.label, nameOf(setting, siblings)]));
}

function nameOf({ label, links }: Setting, siblings: ReadonlyMap<string, readonly SettingLink[]>): string {
  const parts = label.split(' | ');
  if (parts.length !== links.length) return label;
  return parts
    .map((part, i) => {
      const { id, params } = links[i]!;
      const missing = Object.entries(params)
        .filter(([name]) => isSwept(siblings.get(id)!, name) && !new RegExp(`[(,]\\s*${name}=`).test(part))
        .map(([name, value]) => `${name}=${shown(value)}`);
      if (missing.length === 0) return part;
      return part.endsWith(')')
        ? `${part.slice(0, -1)}, ${missing.join(', ')})`
        : `${part}(${missing.join(', ')})`;
    })
    .join(' | ');
}

/** What distinguishes each setting from the others of its plug-in, by label: `method=full`; empty if it is the only one. */
export function sweptParameters(settings: readonly Setting[]): Map<string, string> {
  const siblings = groupBy(
    settings.map(({ links }) => links[0]!),
    ({ id }) => id,
  );
  return new Map(
    settings.map(({ label, links }): [string, string] => {
      const { id, params } = links[0]!;
      const own = Object.entries(params).filter(([name]) => isSwept(siblings.get(id)!, name));
      return [label, own.map(([name, value]) => `${name}=${shown(value)}`).join(', ')];
    }),
  );
}

const isSwept = (siblings: readonly SettingLink[], name: string): boolean =>
  new Set(siblings.map(({ params }) => JSON.stringify(params[name]))).size > 1;

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
