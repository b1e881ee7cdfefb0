/** A clock that says less is wrong, such as that of a Raspberry Pi, which starts in 1970: this program was not there before. */
export const CLOCK_FLOOR = Date.UTC(2026, 10, 1);
/** A clock that says more is wrong, too: by then there is a newer version. */
const CLOCK_CEILING = Date.UTC(2081, 0, 1);

export const canBeNow = (now: Date): boolean => now.getTime() >= CLOCK_FLOOR && now.getTime() < CLOCK_CEILING;

/**
 * A machine with 1 GB, of which the system keeps some for itself: server and database take 300 MB in a rush
 * (docs/operations/sizing.md), and the system and a backup at work need room beside them.
 */
export const LEAST_MEMORY_BYTES = 900_000_000;
