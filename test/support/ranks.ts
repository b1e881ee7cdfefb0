/** The middle value. */
export const medianOf = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

/**
 * By how many standard deviations the first are slower than the second, by their ranks alone (Mann and Whitney's U): a few
 * that took much longer count no more than others. For values that were measured in turn it holds at any load.
 */
export function rankDeviations(first: number[], second: number[]): number {
  let wins = 0;
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0;
  const [m, n] = [first.length, second.length];
  return (wins - (m * n) / 2) / Math.sqrt((m * n * (m + n + 1)) / 12);
}
