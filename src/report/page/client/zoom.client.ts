/** @file Zoom and pan of the viewer, shared by its eight ports: buttons, double click, Ctrl and wheel, drag, pinch. */

/** Percent of a port's width and height, from its upper left corner. */
type Point = readonly [u: number, v: number];

const MOST = 64;
const CENTRE: Point = [50, 50];

const arms = document.querySelector<HTMLElement>('#g-arms')!;
/** Scale, and offset of the picture in percent of a port. */
const view = { s: 1, x: 0, y: 0 };

/** Keeps the picture within reach and hands the view to the style sheet. */
function place(): void {
  const least = 100 * (1 - view.s);
  view.x = Math.min(0, Math.max(least, view.x));
  view.y = Math.min(0, Math.max(least, view.y));
  for (const [name, value] of Object.entries(view)) arms.style.setProperty(`--${name}`, String(value));
  arms.classList.toggle('zoomed', view.s > 1);
  const shown = view.s === 1 ? 'fit' : `×${Number(view.s.toPrecision(2))}`;
  document.querySelector('#g-zoom')!.textContent = shown;
}

/** Scales around a point, which stays where it is. */
function zoom(factor: number, [u, v]: Point): void {
  const s = Math.min(MOST, Math.max(1, view.s * factor));
  view.x = u - ((u - view.x) * s) / view.s;
  view.y = v - ((v - view.y) * s) / view.s;
  view.s = s;
  place();
}

function pointOf({ clientX, clientY }: MouseEvent, port: Element): Point {
  const { left, top, width, height } = port.getBoundingClientRect();
  return [(100 * (clientX - left)) / width, (100 * (clientY - top)) / height];
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;

/** One pointer drags, two pinch. */
function followPointers(port: HTMLElement): void {
  const pointers = new Map<number, Point>();
  const move = (event: PointerEvent): void => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = pointOf(event, port);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (pointers.size === 2 && other !== undefined) {
      zoom(distance(now, other) / distance(before, other), other);
    } else {
      view.x += now[0] - before[0];
      view.y += now[1] - before[1];
      place();
    }
    pointers.set(event.pointerId, now);
  };
  port.addEventListener('pointerdown', (event) => {
    pointers.set(event.pointerId, pointOf(event, port));
    port.setPointerCapture(event.pointerId);
  });
  port.addEventListener('pointermove', move);
  const forget = ({ pointerId }: PointerEvent): boolean => pointers.delete(pointerId);
  port.addEventListener('pointerup', forget);
  port.addEventListener('pointercancel', forget);
}

function zoomByWheel(event: WheelEvent, port: Element): void {
  if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * 0.005), pointOf(event, port));
}

const onClick = (id: string, act: () => void): void =>
  document.querySelector(`#${id}`)!.addEventListener('click', act);

onClick('g-in', () => zoom(2, CENTRE));
onClick('g-out', () => zoom(0.5, CENTRE));
onClick('g-fit', () => zoom(1 / view.s, CENTRE));
for (const port of arms.querySelectorAll<HTMLElement>('.port')) {
  port.addEventListener('dblclick', (event) => zoom(event.shiftKey ? 0.5 : 2, pointOf(event, port)));
  port.addEventListener('wheel', (event) => zoomByWheel(event, port), { passive: false });
  followPointers(port);
}
place();
