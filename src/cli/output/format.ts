/** Figures as people read them; the decimal text goes in as it is, so nothing is rounded on the way. */

/** India groups by lakh and crore. */
const localeOf = (currency: string) => (currency === 'INR' ? 'en-IN' : 'en-US');

export function formatMoney(amount: string, currency: string): string {
  return new Intl.NumberFormat(localeOf(currency), { minimumFractionDigits: 2 }).format(
    amount as `${number}`,
  );
}

export function formatCount(count: number, currency = 'USD'): string {
  return new Intl.NumberFormat(localeOf(currency), { maximumFractionDigits: 3 }).format(count);
}
