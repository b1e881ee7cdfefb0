/** Compares versions as semver.org orders them, build metadata left out: below 0 if `one` comes before `other`. */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [partsOf(one), partsOf(other)];
  const core = a.core
    .map((part, index) => part - (b.core[index] as number))
    .find((difference) => difference !== 0);
  if (core !== undefined) return core;
  // A release comes after what led to it.
  if (a.before === '' || b.before === '') return Number(a.before === '') - Number(b.before === '');
  return a.before.localeCompare(b.before, 'en', { numeric: true });
}

function partsOf(version: string): { core: [number, number, number]; before: string } {
  const [, major, minor, patch, before = ''] = /^(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?/.exec(version) ?? [];
  return { core: [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0)], before };
}
