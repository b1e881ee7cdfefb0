import { currencyDigits } from '../../contract/currencies.ts';

/** Figures as people read them; the decimal text goes in as it is, so nothing is rounded on the way. */

/** India groups by lakh and crore. */
const localeOf = (currency: string) => (currency === 'INR' ? 'en-IN' : 'en-US');

export function formatMoney(amount: string, currency: string): string {
  // An amount with decimals that was stored before whole amounts were required is shown as it is.
  const isWhole = currencyDigits(currency) === 0 && /^-?\d+(\.0*)?$/.test(amount);
  return new Intl.NumberFormat(localeOf(currency), { minimumFractionDigits: isWhole ? 0 : 2 }).format(
    amount as `${number}`,
  );
}

export function formatCount(count: number, currency = 'USD'): string {
  return new Intl.NumberFormat(localeOf(currency), { maximumFractionDigits: 3 }).format(count);
}

/** A decimal text as a whole number of thousandths, so that amounts are reckoned with exactly. */
export function thousandthsOf(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(3, '0'));
}

/** How much more or less than before, in per cent, rounded half up: `+6.8%`, `-12.5%`; a dash when there was nothing. */
export function formatChange(now: string, before: string): string {
  const [was, difference] = [thousandthsOf(before), thousandthsOf(now) - thousandthsOf(before)];
  if (was === 0n) return '–';
  const size = (value: bigint) => (value < 0n ? -value : value);
  const tenths = (size(difference) * 2000n + size(was)) / (2n * size(was));
  const sign = tenths === 0n ? '' : difference < 0n ? '-' : '+';
  return `${sign}${tenths / 10n}.${tenths % 10n}%`;
}
