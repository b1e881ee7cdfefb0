import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import { parseLentNumber } from './lent-number.ts';

/** A number that was lent, as it is printed, and to whom. */
export type LentTo = {
  orderNumber: string;
  fiscalYear: string;
  label: string;
  deviceId: string;
  deviceName: string;
};

const LEASES_OF_NUMBERS = `
  SELECT n.text AS "orderNumber", l.fiscal_year AS "fiscalYear", l.label, d.id AS "deviceId", d.name AS "deviceName"
  FROM unnest($2::text[], $3::text[], $4::text[], $5::int[]) AS n (text, series, label, number)
  JOIN number_leases l ON l.shop_id = $1 AND l.series = n.series AND l.label = n.label
    AND n.number BETWEEN l.first_number AND l.last_number
  JOIN devices d ON d.shop_id = l.shop_id AND d.id = l.device_id`;

/** To whom each of these numbers was lent; what was not, or is no such number, is not in it. */
export async function leasesOfNumbers(
  em: EntityManager,
  shop: { id: string; code: string },
  orderNumbers: string[],
): Promise<Map<string, LentTo>> {
  const numbers = [...new Set(orderNumbers)].flatMap((text) => {
    const lent = parseLentNumber(shop.code, text);
    return lent ? [{ text, ...lent }] : [];
  });
  if (numbers.length === 0) return new Map();
  const rows = await query<LentTo>(em, LEASES_OF_NUMBERS, [
    shop.id,
    numbers.map(({ text }) => text),
    numbers.map(({ series }) => series),
    numbers.map(({ label }) => label),
    numbers.map(({ number }) => number),
  ]);
  return new Map(rows.map((row) => [row.orderNumber, row]));
}
