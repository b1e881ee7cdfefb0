import { v7 as uuidv7 } from 'uuid';
import { query } from '../../../database/query.ts';
import type { Context } from '../../context.ts';
import { sealPhone } from '../sealed-contact.ts';

type Expressions = { id: string; shopId: string; hash: string; sealed: string; name: string; at: string };

/**
 * Finds the customer with a phone number, by its hash, or makes one, for whose id it was sealed; no row where `hash` is
 * null. An order's name is used for a customer without one, and never renames a customer. Its parts are SQL expressions.
 */
export const upsertCustomer = ({ id, shopId, hash, sealed, name, at }: Expressions) => `
  INSERT INTO customers (id, shop_id, phone_hash, phone_sealed, name, created_at, updated_at)
  SELECT ${id}, ${shopId}, ${hash}, ${sealed}, coalesce(${name}, ''), ${at}, ${at} WHERE ${hash} IS NOT NULL
  ON CONFLICT ON CONSTRAINT customers_phone_key DO UPDATE SET
    name = CASE WHEN customers.name = '' THEN excluded.name ELSE customers.name END,
    updated_at = excluded.updated_at
  RETURNING id`;

const UPSERT = upsertCustomer({
  id: '$1::uuid',
  shopId: '$2::uuid',
  hash: '$3::bytea',
  sealed: '$4::bytea',
  name: '$5::text',
  at: '$6::timestamptz',
});

/** The id of the customer with this phone number (E.164). */
export async function findOrMakeCustomer(
  { app, em }: Pick<Context, 'app' | 'em'>,
  shopId: string,
  { phone, name, at }: { phone: string; name: string | null; at: Date },
): Promise<string> {
  const id = uuidv7();
  const { hash, sealed } = sealPhone(app.keys, shopId, id, phone);
  const [row] = await query<{ id: string }>(em, UPSERT, [id, shopId, hash, sealed, name, at]);
  if (!row) throw new Error('An upsert gave no row.');
  return row.id;
}
