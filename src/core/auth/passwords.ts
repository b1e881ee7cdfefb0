import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { createLanes } from '../queue.ts';

const hashAsync = promisify(argon2);

/** OWASP's password storage cheat sheet: argon2id, m = 46 MiB, t = 1, p = 1. */
const COST = { memory: 47_104, passes: 1, parallelism: 1 };
const TAG_BYTES = 32;
const SALT_BYTES = 16;

/** Each hash takes 46 MiB and a core for about 60 ms: more at once would starve the sales. */
const MAX_AT_ONCE = 2;
/** Per lane: about four seconds of waiting. Beyond that, rejecting is better. */
const MAX_WAITING = 128;
/** Clients give up after ten seconds. */
export const HASHING_LONGEST_MS = 10_000;

/**
 * `known`: a signed-in user, a paired device, or an account at a location where it signed in before; `unknown`: everyone
 * else. A sign-in flood from many addresses is unknown at each of them, so it fills only the `unknown` lane.
 */
export type HashingLane = 'known' | 'unknown';

const queue = createLanes<HashingLane>(['known', 'unknown'], {
  atOnce: MAX_AT_ONCE,
  waiting: MAX_WAITING,
  longestMs: HASHING_LONGEST_MS,
  busy: 'Too many people sign in at once. Try again in a few seconds.',
});

/**
 * The same letters are the same password, whichever way a keyboard put them together: क़ is one character on one system and
 * two on the next. Canonical composition, as RFC 8265 §4.2 has it for passwords.
 */
const bytesOf = (password: string) => Buffer.from(password.normalize('NFC'));

/**
 * A PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Uses the `known` lane: only authenticated requests set passwords.
 * Throws `too_busy` when the queue is full.
 */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(SALT_BYTES);
  const tag = await queue.run('known', () =>
    hashAsync('argon2id', { message: bytesOf(password), nonce, tagLength: TAG_BYTES, ...COST }),
  );
  const encode = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${encode(nonce)}$${encode(tag)}`;
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A hash of no password: it costs an unknown account the same time as a known one. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Whether a hash was made when hashing cost less than it does now. */
export function needsRehash(stored: string): boolean {
  const [memory = 0, passes = 0] = (PHC.exec(stored) ?? []).slice(1).map(Number);
  return memory < COST.memory || passes < COST.passes;
}

/** Compares in constant time. Without a stored hash it takes as long and returns false. Throws `too_busy` when the lane is full. */
export async function verifyPassword(
  password: string,
  stored: string | undefined,
  lane: HashingLane,
): Promise<boolean> {
  const match = PHC.exec(stored ?? NOBODY);
  if (!match) throw new Error('A stored password hash is not argon2id.');
  const expected = Buffer.from(match[5] as string, 'base64');
  const actual = await queue.run(lane, () =>
    hashAsync('argon2id', {
      message: bytesOf(password),
      nonce: Buffer.from(match[4] as string, 'base64'),
      tagLength: expected.length,
      memory: Number(match[1]),
      passes: Number(match[2]),
      parallelism: Number(match[3]),
    }),
  );
  return timingSafeEqual(actual, expected) && stored !== undefined;
}
