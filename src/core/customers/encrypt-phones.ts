import type { EntityManager } from '@mikro-orm/postgresql';
import type { OrderFlag } from '../../contract/orders.ts';
import { query } from '../../database/query.ts';
import type { Keys } from '../keys/keys.ts';
import { keyedHash } from '../orders/sale-hash.ts';
import { sealPhone } from './sealed-contact.ts';
import { hideTyped, sealTypedPhone, typedIn } from './typed-phone.ts';

/** Rows that are locked at a time: some tens of milliseconds, while another process may sell already. */
const BATCH = 500;
/** "Phon" in ASCII: two processes that start at once take turns. */
const LOCK = 0x50686f6e;
const LOCK_SQL = 'SELECT pg_advisory_xact_lock($1)';

/**
 * Encrypts what the version before 0006_keys wrote: the phone numbers of customers, those on bills that could not be read,
 * and hashes of sales that tell the number to whoever tries them all. In steps; what is done stays done when it is cut off,
 * and the next start goes on. SQL has no key, so the migration can't do it.
 */
export async function encryptPlainPhones(em: EntityManager, keys: Keys): Promise<void> {
  await inSteps(em, (tx) => sealCustomers(tx, keys));
  let after = FIRST;
  await inSteps(em, async (tx) => {
    const last = await sealOrders(tx, keys, after);
    after = last ?? after;
    return last !== undefined;
  });
  await em.transactional((tx) => hideInEvents(tx));
  await query(em, 'UPDATE setup SET has_plain_phones = false');
}

async function inSteps(em: EntityManager, step: (tx: EntityManager) => Promise<boolean>): Promise<void> {
  for (let isMore = true; isMore; ) {
    isMore = await em.fork().transactional(async (tx) => {
      await query(tx, LOCK_SQL, [LOCK]);
      return await step(tx);
    });
  }
}

type CustomerRow = { id: string; shopId: string; phone: string };

const PLAIN_CUSTOMERS = `
  SELECT id, shop_id AS "shopId", phone FROM customers WHERE phone IS NOT NULL ORDER BY id LIMIT $1 FOR UPDATE`;

const SEAL_CUSTOMERS = `
  UPDATE customers c SET phone = NULL, phone_hash = s.hash, phone_sealed = s.sealed
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS s (id, hash, sealed) WHERE c.id = s.id`;

/** False when none was left. */
async function sealCustomers(em: EntityManager, keys: Keys): Promise<boolean> {
  const rows = await query<CustomerRow>(em, PLAIN_CUSTOMERS, [BATCH]);
  const sealed = rows.map(({ id, shopId, phone }) => sealPhone(keys, shopId, id, phone));
  await query(em, SEAL_CUSTOMERS, [
    rows.map(({ id }) => id),
    sealed.map(({ hash }) => hash),
    sealed.map((phone) => phone.sealed),
  ]);
  return rows.length > 0;
}

type OrderRow = { id: string; requestHash: string; flags: OrderFlag[] };

const FIRST = '00000000-0000-0000-0000-000000000000';
/** SHA-256 in hex; the keyed one is shorter. */
const PLAIN_HASH_LENGTH = 64;

// All of them: whoever took the customer off a bill left the hash of the number there.
const PLAIN_ORDERS = `
  SELECT id, request_hash AS "requestHash", flags FROM orders
  WHERE id > $1 AND source = 'till' AND length(request_hash) = $3
  ORDER BY id LIMIT $2 FOR UPDATE`;

const SEAL_ORDERS = `
  UPDATE orders o SET request_hash = s.hash, flags = s.flags, typed_phone_sealed = s.sealed
  FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bytea[]) AS s (id, hash, flags, sealed) WHERE o.id = s.id`;

/** Gives the last id of those that it sealed. */
async function sealOrders(em: EntityManager, keys: Keys, after: string): Promise<string | undefined> {
  const rows = await query<OrderRow>(em, PLAIN_ORDERS, [after, BATCH, PLAIN_HASH_LENGTH]);
  await query(em, SEAL_ORDERS, [
    rows.map(({ id }) => id),
    rows.map(({ requestHash }) => keyedHash(keys, requestHash)),
    rows.map(({ flags }) => JSON.stringify(hideTyped(flags))),
    rows.map(({ id, flags }) => sealTyped(keys, id, flags)),
  ]);
  return rows.at(-1)?.id;
}

function sealTyped(keys: Keys, orderId: string, flags: OrderFlag[]): Buffer | null {
  const typed = typedIn(flags);
  return typed === null ? null : sealTypedPhone(keys, orderId, typed);
}

type EventRow = { shopId: string; seq: string; flags: OrderFlag[] };

const FLAGGED_EVENTS = `
  SELECT shop_id AS "shopId", seq, data->'flags' AS flags FROM events
  WHERE type IN ('order_created', 'order_updated') AND data->'flags' @> '[{"code": "customer_unclear"}]'`;

const HIDE_IN_EVENTS = `
  UPDATE events e SET data = jsonb_set(e.data, '{flags}', s.flags)
  FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[]) AS s (shop_id, seq, flags)
  WHERE e.shop_id = s.shop_id AND e.seq = s.seq`;

/** They are few: one for each sale made offline with a number that can't be read. */
async function hideInEvents(em: EntityManager): Promise<void> {
  const rows = await query<EventRow>(em, FLAGGED_EVENTS);
  await query(em, HIDE_IN_EVENTS, [
    rows.map(({ shopId }) => shopId),
    rows.map(({ seq }) => seq),
    rows.map(({ flags }) => JSON.stringify(hideTyped(flags))),
  ]);
}
