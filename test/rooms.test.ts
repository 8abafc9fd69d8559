import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('..', import.meta.url);
const floors = JSON.parse(readFileSync(new URL('rooms.json', root), 'utf8')) as Record<string, string>[];
const rooms = floors.flatMap((floor) => Object.entries(floor));

it('CONTRIBUTING lists the rooms of the house, in the order that the dependency rule keeps', () => {
  const text = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8');
  const listed = [...text.matchAll(/^ {2}([a-z]+)\/ +(\S.*)$/gm)].map(([, room, what]) => [room, what]);
  expect(listed).toEqual(rooms);
});

it('every folder of src is a room', () => {
  const folders = readdirSync(new URL('src', root), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  expect(folders.map(({ name }) => name).sort()).toEqual(rooms.map(([room]) => room).sort());
});

it('no folder has more than some twenty modules of its own', () => {
  const crowded = (folder: URL): string[] => {
    const entries = readdirSync(folder, { withFileTypes: true });
    const own = entries.filter((each) => each.isFile() && each.name.endsWith('.ts')).length;
    return [
      ...(own > 22 ? [`${folder.pathname}: ${own}`] : []),
      ...entries.flatMap((each) => (each.isDirectory() ? crowded(new URL(`${each.name}/`, folder)) : [])),
    ];
  };
  expect(crowded(new URL('src/', root))).toEqual([]);
});
