import { query } from '../../../database/query.ts';
import { labelsOf } from '../../epochs/series-label.ts';
import type { VerifyContext } from '../check.ts';

const LATER_EPOCHS = "SELECT epoch AS id FROM shop_epochs WHERE shop_id = $1 AND reason <> 'opened'";

/** `$2` of the checks that look at numbers: the labels that each epoch after a restore gives itself. */
export async function labelsByEpoch({ em }: VerifyContext, shopId: string): Promise<[string]> {
  const epochs = await query<{ id: string }>(em, LATER_EPOCHS, [shopId]);
  const own = epochs.map(({ id }) => [id, labelsOf({ id, isFirst: false })]);
  return [JSON.stringify(Object.fromEntries(own))];
}

/** The epochs of the shop; `series` are the counters with which each began, `labels` those of its own numbers. */
export const EPOCHS = `
  epoch AS MATERIALIZED (
    SELECT e.number AS place, e.began_at, e.reason, e.series, e.epoch = h.epoch AS is_current,
      ARRAY(SELECT jsonb_array_elements_text($2::jsonb -> e.epoch::text)) AS labels
    FROM shop_epochs e JOIN shop_heads h ON h.shop_id = e.shop_id
    WHERE e.shop_id = $1
  )`;

/** Clocks of two machines may differ, and none by more. Numbers tell the epochs apart; the time, whether there had been any. */
const CLOCKS = "interval '1 hour'";

/**
 * Whether an order may have come back after a restore: it came in later than it was sold, in an epoch of a restored shop, with
 * a number of another one, beyond what the books had of its series when that epoch began. As `labelOfBefore` lets it in.
 */
export const cameBack = (of: { label: string; isBeyond: string; receivedAt: string }) => `(
  ${of.receivedAt} IS NOT NULL AND ${of.label} ~ '^(\\d{4}|[A-HJ-NP-Z][A-HJ-NP-Z2-9]{3})$' AND EXISTS (
    SELECT FROM (
      SELECT * FROM epoch WHERE began_at <= ${of.receivedAt} + ${CLOCKS} ORDER BY place DESC LIMIT 1
    ) e
    WHERE e.reason <> 'opened' AND ${of.label} <> ALL (e.labels) AND ${of.isBeyond}))`;
