/** @file A bound on what is under way at once: each open file costs one of the handles that the system gives a process. */

/** Does something as soon as there is room; the others wait in order. */
export type Gate = <T>(act: () => Promise<T>) => Promise<T>;

/** A gate for `room` at a time. */
export function openGate(room: number): Gate {
  const waiting: (() => void)[] = [];
  let under = 0;
  return async (act) => {
    if (under >= room) await new Promise<void>((resolve) => waiting.push(resolve));
    else under++;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) under--;
      else next(); // its place is handed on
    }
  };
}
