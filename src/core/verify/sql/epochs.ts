import { query } from '../../../database/query.ts';
import { labelsOf } from '../../epochs/series-label.ts';
import type { VerifyContext } from '../check.ts';

const LATER_EPOCHS = "SELECT epoch AS id FROM shop_epochs WHERE shop_id = $1 AND reason <> 'opened'";

/** `$2` of the checks of numbers: the labels of each epoch after a restore, by epoch id. */
export async function labelsByEpoch({ em }: VerifyContext, shopId: string): Promise<[string]> {
  const epochs = await query<{ id: string }>(em, LATER_EPOCHS, [shopId]);
  const own = epochs.map(({ id }) => [id, labelsOf({ id, isFirst: false })]);
  return [JSON.stringify(Object.fromEntries(own))];
}

/** The shop's epochs; `series` are the counters at the start of each, `labels` those of its own numbers. */
export const EPOCHS = `
  epoch AS MATERIALIZED (
    SELECT e.number AS place, e.began_at, e.reason, e.series, e.epoch = h.epoch AS is_current,
      ARRAY(SELECT jsonb_array_elements_text($2::jsonb -> e.epoch::text)) AS labels
    FROM shop_epochs e JOIN shop_heads h ON h.shop_id = e.shop_id
    WHERE e.shop_id = $1
  )`;

/** Allowed clock difference between two machines. Numbers tell epochs apart; the time only tells which had begun. */
const CLOCKS = "interval '1 hour'";

/**
 * Whether an order may have been sent again after a restore: received later than sold, in an epoch of a restored shop, with a
 * number of another epoch beyond that series' counter when the epoch began. Accepts what `labelOfBefore` accepts.
 */
export const cameBack = (of: { label: string; isBeyond: string; receivedAt: string }) => `(
  ${of.receivedAt} IS NOT NULL AND ${of.label} ~ '^(\\d{4}|[A-HJ-NP-Z][A-HJ-NP-Z2-9]{3})$' AND EXISTS (
    SELECT FROM (
      SELECT * FROM epoch WHERE began_at <= ${of.receivedAt} + ${CLOCKS} ORDER BY place DESC LIMIT 1
    ) e
    WHERE e.reason <> 'opened' AND ${of.label} <> ALL (e.labels) AND ${of.isBeyond}))`;
