import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { query } from '../../../database/query.ts';

type Expressions = { id: string; shopId: string; phone: string; name: string; at: string };

/**
 * Finds the customer with a phone number, or makes one; no row where `phone` is null. A name that is given becomes the
 * customer's name. Its parts are SQL expressions.
 */
export const upsertCustomer = ({ id, shopId, phone, name, at }: Expressions) => `
  INSERT INTO customers (id, shop_id, phone, name, created_at, updated_at)
  SELECT ${id}, ${shopId}, ${phone}, coalesce(${name}, ''), ${at}, ${at} WHERE ${phone} IS NOT NULL
  ON CONFLICT ON CONSTRAINT customers_phone_key DO UPDATE SET
    name = CASE WHEN excluded.name = '' THEN customers.name ELSE excluded.name END,
    updated_at = excluded.updated_at
  RETURNING id`;

const UPSERT = upsertCustomer({
  id: '$1::uuid',
  shopId: '$2::uuid',
  phone: '$3::text',
  name: '$4::text',
  at: '$5::timestamptz',
});

/** The id of the customer with this phone number (E.164). */
export async function findOrMakeCustomer(
  em: EntityManager,
  shopId: string,
  { phone, name, at }: { phone: string; name: string | null; at: Date },
): Promise<string> {
  const [row] = await query<{ id: string }>(em, UPSERT, [uuidv7(), shopId, phone, name, at]);
  if (!row) throw new Error('An upsert gave no row.');
  return row.id;
}
