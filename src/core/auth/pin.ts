import type { EntityManager } from '@mikro-orm/postgresql';
import { fieldProblem } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import type { Services } from '../context.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

/** Wrong PINs in a row, wherever they were typed; then only the password helps. */
export const MAX_PIN_FAILURES = 10;

/**
 * What is tried first, apart from what `isPattern` knows: the favourites of 3.4 million leaked PINs
 * (datagenetics.com/blog/september32012) and the lines of a number pad.
 */
const FAVOURITES = new Set(
  '1004 1122 2468 1357 0007 2580 0852 1478 3698 112233 159753 147258 246810 12344321'.split(' '),
);

/** Throws `invalid_request` for a PIN that ten guesses would find. */
export function checkPin(pin: string): void {
  if (!isPattern(pin) && !FAVOURITES.has(pin)) return;
  throw fieldProblem(
    'invalid_request',
    '/pin',
    'This PIN is one that is tried first: choose digits without a pattern, and no year.',
  );
}

/** One digit or a few over and over (7777, 1212, 123123), a run (2345, 8765, 7890), a year. */
function isPattern(pin: string): boolean {
  const digits = [...pin].map(Number);
  const step = (digit: number, i: number) => (digit - (digits[i] as number) + 10) % 10;
  const steps = new Set(digits.slice(1).map(step));
  const isRun = steps.size === 1 && (steps.has(1) || steps.has(9));
  return isRun || /^(\d{1,4})\1+$/.test(pin) || /^(19|20)\d\d$/.test(pin);
}

/**
 * argon2id over a keyed hash of the person and the PIN: ten thousand guesses at what lies in the database find nothing
 * without the key, which doesn't lie there. Throws `too_busy`.
 */
export const hashPin = (app: Services, userId: string, pin: string): Promise<string> =>
  hashPassword(keyed(app, userId, pin));

/** Only on a paired device. Without a hash it takes as long and returns false. Throws `too_busy`. */
export const verifyPin = (
  app: Services,
  userId: string,
  pin: string,
  stored: string | undefined,
): Promise<boolean> => verifyPassword(keyed(app, userId, pin), stored, 'known');

const keyed = ({ keys }: Services, userId: string, pin: string) =>
  keys.hmac('pin', userId, pin).toString('base64');

// Nothing is written when there is nothing to forget.
const FORGET = 'UPDATE users SET pin_failures = 0 WHERE id = $1 AND pin_failures > 0';

/** Somebody has shown by their password who they are: the PIN counts again. */
export async function forgetWrongPins(em: EntityManager, userId: string): Promise<void> {
  await query(em, FORGET, [userId]);
}
