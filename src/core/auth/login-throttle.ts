import { createHash } from 'node:crypto';
import { ProblemError } from '../../contract/problem.ts';
import type { Limit } from '../../redis/limits.ts';
import type { Services } from '../context.ts';
import { createQueues } from '../queue.ts';
import type { Origin } from './find-origin.ts';
import {
  countPlain,
  countTry,
  forgetTries,
  type GrowingDelay,
  growingDelay,
  type Try,
} from './growing-delay.ts';
import { HASHING_LONGEST_MS } from './passwords.ts';

const HOUR = 60 * 60;
/** After so long a wrong try is forgotten. Nobody finds a password with 25 guesses in three hours. */
const FORGOTTEN_AFTER = 3 * HOUR;

/** Of one account in one place: whoever mistypes needs fewer. */
const IN_ONE_PLACE = growingDelay('sign-in', 5, FORGOTTEN_AFTER);
/** Of one account from all places where it isn't known, for who guesses has many addresses. */
const OF_ONE_ACCOUNT = growingDelay('sign-in-account', 20, FORGOTTEN_AFTER);
/**
 * Of one account at the tills of one shop, whoever asks: approvals, and sign-ins on paired devices, each for themselves. A
 * manager can make many cashiers and pair many devices, each with tries of its own. Far more than a shop mistypes, and it
 * delays nobody in other places.
 */
const AT_ONE_SHOP = growingDelay('sign-in-shop', 60, FORGOTTEN_AFTER);
/**
 * Of one network over all accounts, but for devices that are known. Guessing is bounded by the account already, of which
 * there are few; this one bounds the work, the log and the memory that somebody with a list of e-mails takes.
 */
const OF_ONE_NETWORK: Limit = { name: 'sign-in-network', times: 1_000, seconds: HOUR };
/** Of one person over all whom they name as approver: wrong ones cost a hash and a row each. No shop has so many. */
const OF_ONE_ASKER: Limit = { name: 'approval-asker', times: 100, seconds: HOUR };
/** Of all networks together, in places that are not known. With this, no more than 30,000 counts are in memory. */
const OVER_ALL: Limit = { name: 'sign-in-all', times: 5_000, seconds: HOUR };
const EVERYBODY = 'all';

/**
 * Who comes from one place, or is one person, stands in a line of its own: hashing takes time, and a crowd in one place must
 * not keep the others waiting for it. With fewer at once than tries are free, those who bring the right password all at once
 * get in.
 */
const lines = createQueues({
  atOnce: 4,
  waiting: 128,
  longestMs: HASHING_LONGEST_MS,
  busy: 'Too many passwords come from here at once. Try again in a few seconds.',
});

/** What a try is counted against. */
type Counter = {
  scope: 'place' | 'shop' | 'account' | 'network' | 'all';
  key: string;
  count(key: string): Promise<Try>;
  /** After the right password: as if nobody had tried wrong ones; else only the try itself is taken back. */
  forget?(key: string): Promise<void>;
};

/** A try that may not be made yet. */
export type Delay = { scope: Counter['scope']; key: string; waitSeconds: number };

export type Bounds = {
  line: string;
  counters: Counter[];
  /** What is thrown for a try that comes too early; it may keep a record. */
  refuse(delay: Delay): Promise<ProblemError>;
};

/** Counts never show an e-mail or an address to who looks into Redis. */
const keyOf = (...parts: string[]) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

const growing = (
  { limits }: Pick<Services, 'limits'>,
  scope: Counter['scope'],
  delay: GrowingDelay,
  key: string,
): Counter => ({ scope, key, count: (key) => countTry(limits, delay, key) });

const plain = (
  { limits }: Pick<Services, 'limits'>,
  scope: Counter['scope'],
  limit: Limit,
  key: string,
): Counter => ({ scope, key, count: (key) => countPlain(limits, limit, key) });

const inOnePlace = (app: Pick<Services, 'limits'>, key: string): Counter => ({
  ...growing(app, 'place', IN_ONE_PLACE, key),
  forget: (key) => forgetTries(app.limits, IN_ONE_PLACE, key),
});

/** The same for an account that isn't there: nothing here tells it from one that is. */
export function signInBounds(
  app: Pick<Services, 'limits'>,
  email: string,
  { place, isKnown, isKnownDevice, pairedWith }: Origin,
  refuse: Bounds['refuse'],
): Bounds {
  const counters = [
    // All together first: beyond that, nothing else is even remembered.
    ...(isKnown ? [] : [plain(app, 'all', OVER_ALL, EVERYBODY)]),
    ...(isKnownDevice ? [] : [plain(app, 'network', OF_ONE_NETWORK, keyOf(...place))]),
    ...(isKnown ? [] : [growing(app, 'account', OF_ONE_ACCOUNT, keyOf(email))]),
    ...(pairedWith ? [growing(app, 'shop', AT_ONE_SHOP, keyOf('sign-in', email, pairedWith))] : []),
    inOnePlace(app, keyOf(email, ...place)),
  ];
  // Two queues per address, so that unknown clients don't delay known ones.
  return { line: keyOf(isKnown ? 'known' : 'unknown', ...place), counters, refuse };
}

const lineOf = (userId: string) => keyOf('user', userId);

/** For somebody who is signed in and shows their own password once more: only their own tries delay them. */
export const ownPasswordBounds = (
  app: Pick<Services, 'limits'>,
  userId: string,
  refuse: Bounds['refuse'],
): Bounds => ({
  line: lineOf(userId),
  counters: [inOnePlace(app, keyOf('own password', userId))],
  refuse,
});

/** For the password of who approves something: counted by who asks, of one and of all, and by the account over all who ask in that shop. */
export const approvalBounds = (
  app: Pick<Services, 'limits'>,
  { email, shopId, by }: { email: string; shopId: string; by: string },
  refuse: Bounds['refuse'],
): Bounds => ({
  line: lineOf(by),
  counters: [
    plain(app, 'place', OF_ONE_ASKER, keyOf('approval', by)),
    inOnePlace(app, keyOf('approval', email, by)),
    growing(app, 'shop', AT_ONE_SHOP, keyOf('approval', email, shopId)),
  ],
  refuse,
});

/**
 * Looks whether a secret is right, in its turn and only so often. The try is counted before; the right one clears what
 * was counted. Throws `too_busy`, and what `refuse` gives.
 */
export async function lookWithin({ line, counters, refuse }: Bounds, look: () => Promise<boolean>) {
  return await lines.run(line, async () => {
    const tries = await countAll(counters, refuse);
    let isRight: boolean;
    try {
      isRight = await look();
    } catch (error) {
      // Nobody looked at it.
      await Promise.all(tries.map((counted) => counted.takeBack()));
      throw error;
    }
    if (isRight) await Promise.all(tries.map((counted) => counted.clear()));
    return isRight;
  });
}

/**
 * Hashes what somebody sets, for themselves or for others, in the line where they stand to show their own: however much one
 * session sends at once, those who sign in don't wait behind all of it. Never inside `lookWithin`. Throws `too_busy`.
 */
export const hashInLine = <T>(userId: string, hash: () => Promise<T>): Promise<T> =>
  lines.run(lineOf(userId), hash);

type Counted = { takeBack(): Promise<void>; clear(): Promise<void> };

async function countAll(counters: Counter[], refuse: Bounds['refuse']): Promise<Counted[]> {
  const tries: Counted[] = [];
  for (const { scope, key, count, forget } of counters) {
    const { waitSeconds, takeBack } = await count(key);
    if (waitSeconds > 0) {
      await Promise.all(tries.map((counted) => counted.takeBack()));
      throw await refuse({ scope, key, waitSeconds });
    }
    tries.push({ takeBack, clear: forget ? () => forget(key) : takeBack });
  }
  return tries;
}

/** True once for each delay, however many tries come too early meanwhile: a flood of them is one line in the log. */
export async function isNews({ limits }: Pick<Services, 'limits'>, { scope, key, waitSeconds }: Delay) {
  return (await limits.take({ name: `told-${scope}`, times: 1, seconds: HOUR }, key, waitSeconds)) === 0;
}

/** What it is, and how long it lasts. */
export function tooManyTries(what: string, waitSeconds: number, otherwise = ''): ProblemError {
  const detail = `${what} Try again in ${inWords(waitSeconds)}${otherwise}.`;
  return new ProblemError('too_many_requests', { detail, extra: { retryAfter: waitSeconds } });
}

function inWords(seconds: number): string {
  if (seconds === 1) return 'a second';
  return seconds <= 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
