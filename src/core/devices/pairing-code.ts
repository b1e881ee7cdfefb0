import { randomInt } from 'node:crypto';
import { hashToken } from '../auth/tokens.ts';

/** Crockford's base 32: no I, L, O or U, which are read as others. https://www.crockford.com/base32.html */
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** 40 bits: at two thousand tries in a quarter of an hour, nobody finds one of a few dozen codes within its ten minutes. */
const LENGTH = 8;

/** A new code as it is shown, `7K2M-9XQD`, and the hash that is kept of it. */
export function newPairingCode(): { code: string; hash: string } {
  const symbols = Array.from({ length: LENGTH }, () => SYMBOLS[randomInt(SYMBOLS.length)]).join('');
  return { code: `${symbols.slice(0, LENGTH / 2)}-${symbols.slice(LENGTH / 2)}`, hash: hashToken(symbols) };
}

/** Of a code without its dash, as the contract gives it. */
export const hashPairingCode = (symbols: string) => hashToken(symbols);
