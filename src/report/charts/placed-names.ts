/** @file Names next to the points of a chart, wherever they cover neither a point nor each other. */

/** Offset of a name from its point, px, and the end of it that is nearer. */
export interface Label {
  readonly dx: number;
  readonly dy: number;
  readonly align: 'left' | 'right' | 'center';
}

/** A place in the chart, px from its upper left corner. */
interface Spot {
  readonly x: number;
  readonly y: number;
}

/** Width of a letter of a name and height of its line, px; half a point. */
const LETTER = 4.9;
const LINE = 10;
const POINT = 4;

/**
 * Places for names, in their order, as long as there is room.
 * @param names each with the index of its point among `spots`
 * @param spots all points of the chart, those without a name as well
 * @returns labels by the index of their points; a name without room has none
 */
export function placeNames(
  names: readonly { readonly name: string; readonly at: number }[],
  spots: readonly Spot[],
  size: { readonly width: number; readonly height: number },
): ReadonlyMap<number, Label> {
  const taken: Box[] = spots.map(({ x, y }) => ({
    left: x - POINT,
    right: x + POINT,
    top: y - POINT,
    bottom: y + POINT,
  }));
  const isInside = ({ left, right, top, bottom }: Box): boolean =>
    left >= 0 && right <= size.width && top >= 0 && bottom <= size.height;
  const labels = new Map<number, Label>();
  for (const { name, at } of names) {
    const placed = PLACES.map((label) => ({ label, box: boxOf(name, spots[at]!, label) })).find(
      ({ box }) => isInside(box) && taken.every((other) => !overlap(box, other)),
    );
    if (placed === undefined) continue;
    labels.set(at, placed.label);
    taken.push(placed.box);
  }
  return labels;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const PLACES: readonly Label[] = [
  { dx: 7, dy: 0, align: 'left' },
  { dx: -7, dy: 0, align: 'right' },
  { dx: 0, dy: 11, align: 'center' },
  { dx: 0, dy: -11, align: 'center' },
  { dx: 5, dy: 10, align: 'left' },
  { dx: 5, dy: -10, align: 'left' },
  { dx: -5, dy: 10, align: 'right' },
  { dx: -5, dy: -10, align: 'right' },
];

function boxOf(name: string, { x, y }: Spot, { dx, dy, align }: Label): Box {
  const width = LETTER * name.length;
  const left = x + dx - (align === 'left' ? 0 : align === 'right' ? width : width / 2);
  return { left, right: left + width, top: y + dy - LINE / 2, bottom: y + dy + LINE / 2 };
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
