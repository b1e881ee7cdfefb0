import { sqlCheck } from '../check.ts';

// A Z report and a few others name nothing by an id of their own.
const ANSWERED = `
  SELECT route, key, (body::jsonb ->> 'id')::uuid AS id FROM idempotency_keys
  WHERE scope_id = $1 AND body::jsonb ->> 'id' IS NOT NULL`;

const TABLES = ['products', 'inventory_items', 'orders', 'shifts', 'number_leases', 'users'];
const IS_THERE = TABLES.map((table) => `EXISTS (SELECT FROM ${table} t WHERE t.id = answered.id)`).join(
  ' OR ',
);

/** An answer is kept in the transaction of what it says was done. */
export const keptAnswers = sqlCheck({
  name: 'kept-answers',
  holds: 'What is answered again to an Idempotency-Key was done',
  counts: 'kept answers',
  checked: 'SELECT count(*) FROM idempotency_keys WHERE scope_id = $1',
  faults: `
    SELECT key AS subject, format('It answers to %s with %s, which is not there.', route, id) AS detail
    FROM (${ANSWERED}) answered WHERE NOT (${IS_THERE})`,
});
