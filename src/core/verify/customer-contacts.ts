import { query } from '../../database/query.ts';
import { type Contact, hashPhone, openContact, openPhone } from '../customers/sealed-contact.ts';
import { type Check, type Fault, MAX_FAULTS } from './check.ts';

type Row = {
  id: string;
  name: string;
  phone: Buffer;
  hash: Buffer;
  email: Buffer | null;
  address: Buffer | null;
};

/** Rows that are opened at a time. */
const BATCH = 1_000;
const FIRST = '00000000-0000-0000-0000-000000000000';

const SEALED = `
  SELECT id, name, phone_sealed AS phone, phone_hash AS hash, email_sealed AS email, address_sealed AS address
  FROM customers
  WHERE shop_id = $1 AND id > $2 AND phone_sealed IS NOT NULL ORDER BY id LIMIT ${BATCH}`;

const changedOf = (what: string) => `The ${what} was changed in the database. Enter it anew.`;

/** Nobody changed how somebody is reached, gave it to another customer or made it find one, be it in the database itself. */
export const customerContacts: Check = {
  name: 'customer-contacts',
  holds:
    'The phone numbers, e-mail and postal addresses of customers are as entered, and each number finds its own customer',
  counts: 'customers',
  async look({ app, em }, shopId) {
    const faults: Fault[] = [];
    let [checked, wrong, last] = [0, 0, FIRST];
    let rows: Row[];
    do {
      rows = await query<Row>(em, SEALED, [shopId, last]);
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

    function faultOf({ id, phone: sealed, hash, email, address }: Row): string | undefined {
      const phone = openPhone(app.keys, id, sealed);
      if (phone === null) return changedOf('phone number');
      if (!hashPhone(app.keys, shopId, phone).equals(hash)) {
        return 'Another phone number than its own finds this customer. Enter it anew.';
      }
      const isChanged = (field: Contact, kept: Buffer | null) =>
        kept !== null && openContact(app.keys, id, field, kept) === null;
      if (isChanged('email', email)) return changedOf('e-mail address');
      return isChanged('address', address) ? changedOf('address') : undefined;
    }
  },
};
