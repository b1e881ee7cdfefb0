/**
 * The date (`YYYY-MM-DD`) on whose books a sale at `at` (ms) goes: by the shop's zone, and before `dayStart` (`HH:MM`) still
 * the day before. Without a shop, the date on this machine's own calendar.
 */
export function businessDateOf(at: number, shop: { timezone: string; dayStart: string } | undefined): string {
  const [hours = 0, minutes = 0] = (shop?.dayStart ?? '00:00').split(':').map(Number);
  const format = new Intl.DateTimeFormat('en', {
    ...(shop ? { timeZone: shop.timezone } : {}),
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const parts: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(at - (hours * 60 + minutes) * 60_000))
    parts[type] = value;
  return `${(parts.year ?? '').padStart(4, '0')}-${parts.month}-${parts.day}`;
}
