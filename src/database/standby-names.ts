/** How many standbys have to confirm: `FIRST 2 (a, b, c)`, `ANY 2 (…)`, `2 (…)`; a list alone means one. */
export const standbysNeeded = (names: string): number =>
  Number(/^\s*(?:(?:first|any)\s+)?(\d+)\s*\(/i.exec(names)?.[1] ?? 1);

/** The names in `synchronous_standby_names`; none where any standby will do (`*`). */
export function namedStandbys(names: string): string[] {
  const list = /\((.*)\)\s*$/s.exec(names)?.[1] ?? names;
  const found = [...list.matchAll(/"((?:[^"]|"")+)"|[^\s,"]+/g)].map(
    ([whole, quoted]) => quoted?.replace(/""/g, '"') ?? whole,
  );
  return found.includes('*') ? [] : found;
}
