/** The shortest and the longest pause between two tries. */
export type Pauses = { leastMs: number; mostMs: number };

/** A second is not noticed; after half a minute the till of a mended line still feels quick. */
export const usualPauses: Pauses = { leastMs: 1_000, mostMs: 30_000 };

/** Doubles with each failure, up to the longest; the random half keeps the tills of a shop from coming all at once. */
export function pauseAfter(failures: number, { leastMs, mostMs }: Pauses): number {
  const full = Math.min(mostMs, leastMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

export type Nap = { over: Promise<void>; wake(): void };

/** A pause that can be cut short. */
export function nap(ms: number): Nap {
  let wake = () => {};
  const over = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
  return { over, wake };
}
