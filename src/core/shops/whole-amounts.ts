import type { EntityManager } from '@mikro-orm/postgresql';
import type { z } from 'zod';
import { mapAmounts } from '../../contract/amounts.ts';
import { currencyDigits, type Digits, smallestMinor } from '../../contract/currencies.ts';
import { formatMinor } from '../../contract/money.ts';
import { type Fault, ProblemError, sentenceOf } from '../../contract/problem.ts';
import { mulDivHalfUp } from '../../pricing/index.ts';
import { findShop } from './find-shops.ts';

/** Yen, won and the like have no decimals: every amount of a shop that sells in one is whole. */

const WHOLE = smallestMinor(0);

function fractionsIn(schema: z.ZodType, body: unknown): { pointer: string; minor: number }[] {
  const found: { pointer: string; minor: number }[] = [];
  mapAmounts(schema, body, (minor, pointer) => {
    if (minor % WHOLE !== 0) found.push({ pointer, minor });
    return minor;
  });
  return found;
}

function refuse(currency: string, fractions: { pointer: string; minor: number }[]): void {
  const errors = fractions.map(({ pointer, minor }): Fault => {
    const whole = mulDivHalfUp(minor, 1, WHOLE);
    return {
      pointer,
      detail: `is ${formatMinor(minor)}, but ${currency} has no decimals; send a whole amount such as ${whole}`,
    };
  });
  const [first] = errors;
  if (first) throw new ProblemError('invalid_request', { detail: sentenceOf(first), errors });
}

/** Throws `invalid_request` for each amount of a body that has decimals where the currency has none. */
export function requireWholeAmounts(currency: string, schema: z.ZodType, body: unknown): void {
  if (currencyDigits(currency) === 0) refuse(currency, fractionsIn(schema, body));
}

/** The same where the shop is not at hand: it is read only for a body that has decimals. */
export async function requireWholeInShop(
  em: EntityManager,
  shopId: string,
  schema: z.ZodType,
  body: unknown,
): Promise<void> {
  const fractions = fractionsIn(schema, body);
  if (fractions.length === 0) return;
  const { currency } = await findShop(em, shopId);
  if (currencyDigits(currency) === 0) refuse(currency, fractions);
}

/** Rounds half up to what the currency has. */
export const roundMinor = (minor: number, digits: Digits): number =>
  mulDivHalfUp(minor, 1, smallestMinor(digits)) * smallestMinor(digits);

/** A body with every amount rounded half up to what the currency has: for what can't be refused. */
export const roundAmounts = <T>(currency: string, schema: z.ZodType, body: T): T =>
  currencyDigits(currency) === 0 ? mapAmounts(schema, body, (minor) => roundMinor(minor, 0)) : body;

/** The decimals of an order: those of its currency, unless it is of before they were held to, and has more. */
export const digitsOfOrder = (currency: string, amountsMinor: number[]): Digits =>
  amountsMinor.every((minor) => minor % WHOLE === 0) ? currencyDigits(currency) : 2;
