import { KEPT_HOURS, MAX_KEPT, REMOVE_BATCH } from '../../idempotency/kept-responses.ts';
import { sqlCheck } from '../check.ts';
import { CLOCKS } from './clocks.ts';

// A Z report and a few others name nothing by an id of their own.
const ANSWERED = `
  SELECT route, key, (body::jsonb ->> 'id')::uuid AS id FROM idempotency_keys
  WHERE scope_id = $1 AND body::jsonb ->> 'id' IS NOT NULL`;

const TABLES = ['products', 'inventory_items', 'orders', 'shifts', 'number_leases', 'users'];
const IS_THERE = TABLES.map((table) => `EXISTS (SELECT FROM ${table} t WHERE t.id = answered.id)`).join(
  ' OR ',
);

/** Several processes may keep a response at the same moment before the oldest go. */
const MOST = MAX_KEPT + REMOVE_BATCH;
const KEPT = `interval '${KEPT_HOURS} hours'`;

// Each new response removes the oldest of those past their time, as many as REMOVE_BATCH, of all shops. So one is left
// only while there were too many of them for the responses that came since.
const OVERDUE = `
  SELECT o.key FROM (
    SELECT key, created_at FROM idempotency_keys WHERE scope_id = $1 ORDER BY created_at LIMIT 1
  ) o WHERE (
    SELECT count(*) FROM idempotency_keys n WHERE n.created_at > o.created_at + ${KEPT} + ${CLOCKS}
  ) * ${REMOVE_BATCH} > (SELECT count(*) FROM shops) * ${MOST}`;

/** What the rows say by themselves; `keptResponses` adds whether they are as they were written. */
export const keptResponseRows = sqlCheck({
  name: 'kept-responses',
  holds: 'What is sent again for an Idempotency-Key was done, and is as it was sent',
  counts: 'kept responses',
  checked: 'SELECT count(*) FROM idempotency_keys WHERE scope_id = $1',
  parameters: async ({ app }) => [app.now()],
  faults: `
    SELECT key AS subject, format('It answers to %s with %s, which is not there.', route, id) AS detail
    FROM (${ANSWERED}) answered WHERE NOT (${IS_THERE})
    UNION ALL
    SELECT key, 'It was answered in time to come, so it is kept longer than ${KEPT_HOURS} hours.'
    FROM idempotency_keys WHERE scope_id = $1 AND created_at > $2::timestamptz + ${CLOCKS}
    UNION ALL
    SELECT key, 'It is past its ${KEPT_HOURS} hours, and newer responses should have removed it.' FROM (${OVERDUE}) overdue
    UNION ALL
    SELECT 'Kept responses', format('There are %s, more than the %s that are kept.', count(*), ${MAX_KEPT})
    FROM idempotency_keys WHERE scope_id = $1 HAVING count(*) > ${MOST}`,
});
