import type { EntityManager } from '@mikro-orm/postgresql';
import type { z } from 'zod';
import { mapAmounts } from '../../contract/amounts.ts';
import { currencyDigits, type Digits, smallestMinor } from '../../contract/currencies.ts';
import { formatMinor } from '../../contract/money.ts';
import { invalidRequest } from '../../contract/parse.ts';
import { mulDivHalfUp } from '../../pricing/index.ts';
import { findShop } from './find-shops.ts';

/** Keeps amounts whole where the shop's currency has no decimals, such as yen and won. */

const WHOLE = smallestMinor(0);

function fractionsIn(schema: z.ZodType, body: unknown): { pointer: string; minor: number }[] {
  const found: { pointer: string; minor: number }[] = [];
  mapAmounts(schema, body, (minor, pointer) => {
    if (minor % WHOLE !== 0) found.push({ pointer, minor });
    return minor;
  });
  return found;
}

function requireNoDecimals(currency: string, fractions: { pointer: string; minor: number }[]): void {
  if (fractions.length === 0) return;
  const faults = fractions.map(({ pointer, minor }) => ({
    pointer,
    detail: `is ${formatMinor(minor)}, but ${currency} has no decimals; send a whole amount such as ${mulDivHalfUp(minor, 1, WHOLE)}`,
  }));
  throw invalidRequest(faults);
}

/** Throws `invalid_request` for each amount of a body that has decimals where the currency has none. */
export function requireWholeAmounts(currency: string, schema: z.ZodType, body: unknown): void {
  if (currencyDigits(currency) === 0) requireNoDecimals(currency, fractionsIn(schema, body));
}

/** `requireWholeAmounts` where the shop isn't loaded: loads it only for a body that has decimals. */
export async function requireWholeInShop(
  em: EntityManager,
  shopId: string,
  schema: z.ZodType,
  body: unknown,
): Promise<void> {
  const fractions = fractionsIn(schema, body);
  if (fractions.length === 0) return;
  const { currency } = await findShop(em, shopId);
  if (currencyDigits(currency) === 0) requireNoDecimals(currency, fractions);
}

/** Rounds half up to the currency's digits. */
export const roundMinor = (minor: number, digits: Digits): number =>
  mulDivHalfUp(minor, 1, smallestMinor(digits)) * smallestMinor(digits);

/** Rounds every amount of a body half up to the currency's digits, for an order that was made offline and can't be refused. */
export const roundAmounts = <T>(currency: string, schema: z.ZodType, body: T): T =>
  currencyDigits(currency) === 0 ? mapAmounts(schema, body, (minor) => roundMinor(minor, 0)) : body;

/** The digits of an order: its currency's, or two where it was stored before whole amounts were required and has decimals. */
export const digitsOfOrder = (currency: string, amountsMinor: number[]): Digits =>
  amountsMinor.every((minor) => minor % WHOLE === 0) ? currencyDigits(currency) : 2;
