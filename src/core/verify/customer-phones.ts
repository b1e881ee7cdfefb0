import { query } from '../../database/query.ts';
import { hashPhone, openPhone } from '../customers/sealed-phone.ts';
import { type Check, type Fault, MAX_FAULTS } from './check.ts';

type Row = { id: string; name: string; sealed: Buffer; hash: Buffer };

/** Rows that are opened at a time. */
const BATCH = 1_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

const PHONES = `
  SELECT id, name, phone_sealed AS sealed, phone_hash AS hash FROM customers
  WHERE shop_id = $1 AND id > $2 AND phone_sealed IS NOT NULL ORDER BY id LIMIT ${BATCH}`;

/** Nobody changed a phone number, gave it to another customer or made it find one, be it in the database itself. */
export const customerPhones: Check = {
  name: 'customer-phones',
  holds: 'The phone numbers of customers are as they were entered, and each finds its own customer',
  counts: 'customers',
  async look({ app, em }, shopId) {
    const faults: Fault[] = [];
    let [checked, wrong, last] = [0, 0, FIRST];
    let rows: Row[];
    do {
      rows = await query<Row>(em, PHONES, [shopId, last]);
      for (const row of rows) {
        const detail = faultOf(row);
        if (!detail) continue;
        wrong += 1;
        if (faults.length < MAX_FAULTS) faults.push({ subject: row.name || `Customer ${row.id}`, detail });
      }
      checked += rows.length;
      last = rows.at(-1)?.id ?? last;
    } while (rows.length === BATCH);
    return { checked, wrong, faults };

    function faultOf({ id, sealed, hash }: Row): string | undefined {
      const phone = openPhone(app.keys, id, sealed);
      if (phone === null) return 'The phone number was changed in the database. Enter it anew.';
      return hashPhone(app.keys, shopId, phone).equals(hash)
        ? undefined
        : 'Another phone number than its own finds this customer. Enter it anew.';
    }
  },
};
