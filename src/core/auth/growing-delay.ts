import type { Limit, Limits } from '../../redis/limits.ts';

/** Some tries are free; after each one beyond them the next has to wait, twice as long each time. */
export type GrowingDelay = { free: Limit; steps: Limit; gate: Limit };

const MOST_SECONDS = 15 * 60;

/** 1, 2, 4 … seconds, a quarter of an hour at most. */
export const delayAfter = (step: number) => Math.min(MOST_SECONDS, 2 ** step);

/** `free` tries come without a wait between them; all are forgotten `forgottenAfter` seconds after the first. */
export const growingDelay = (name: string, free: number, forgottenAfter: number): GrowingDelay => ({
  // The last of the free ones closes the gate behind it.
  free: { name, times: free - 1, seconds: forgottenAfter },
  steps: { name: `${name}-steps`, times: Number.MAX_SAFE_INTEGER, seconds: forgottenAfter },
  gate: { name: `${name}-gate`, times: 1, seconds: MOST_SECONDS },
});

/** A try that was counted. */
export type Try = {
  /** Not 0: it is one too many and may not be made. */
  waitSeconds: number;
  /** As if it had not been made. */
  takeBack(): Promise<void>;
};

/**
 * Counts a try before it is made: of many at once, no more are let through than may come one after another. Only those
 * that were let through make the delay grow, so that asking in vain costs nobody more than they wait already.
 */
export async function countTry(
  limits: Pick<Limits, 'take' | 'giveBack' | 'count' | 'forget'>,
  { free, steps, gate }: GrowingDelay,
  key: string,
): Promise<Try> {
  if ((await limits.take(free, key)) === 0) {
    return { waitSeconds: 0, takeBack: () => limits.giveBack(free, key) };
  }
  const waitSeconds = await limits.take(gate, key, delayAfter(await limits.count(steps, key)));
  if (waitSeconds > 0) return { waitSeconds, takeBack: async () => {} };
  await limits.take(steps, key);
  return {
    waitSeconds: 0,
    async takeBack() {
      await limits.giveBack(steps, key);
      await limits.forget(gate, key);
    },
  };
}

/** Counts against a plain limit, in the same form. */
export async function countPlain(
  limits: Pick<Limits, 'take' | 'giveBack'>,
  limit: Limit,
  key: string,
): Promise<Try> {
  const waitSeconds = await limits.take(limit, key);
  return { waitSeconds, takeBack: () => limits.giveBack(limit, key) };
}

/** As if nobody had tried. */
export async function forgetTries(
  limits: Pick<Limits, 'forget'>,
  { free, steps, gate }: GrowingDelay,
  key: string,
): Promise<void> {
  await Promise.all([free, steps, gate].map((limit) => limits.forget(limit, key)));
}
