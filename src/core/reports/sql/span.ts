/** Business dates of a shop, both ends included: the first three parameters of every report. */
export type Span = { shopId: string; from: string; to: string };

export const spanParameters = ({ shopId, from, to }: Span) => [shopId, from, to];

/** Refunds of the span with their lines, as `r` and `l`. */
export const REFUNDED_LINES = `
  refunds r JOIN refund_lines l ON l.shop_id = r.shop_id AND l.refund_id = r.id
  WHERE r.shop_id = $1 AND r.business_date BETWEEN $2 AND $3`;

/** No zone changes its clock by more. */
const LONGEST_CHANGE_MINUTES = 120;

/**
 * The instant at which a business date of shop $1 begins: the first at which the clock on its wall shows the day's start,
 * or more where the clock leaps over that. PostgreSQL alone would take the second, when the clock is put back over it;
 * `businessDateAt` says for sales what this says for everything that has a time and no business date.
 */
export const startOfDay = (date: string) => `(
  SELECT min(begins - ago) FROM (
    SELECT timezone, ${date} + day_start AS wall, (${date} + day_start) AT TIME ZONE timezone AS begins
    FROM shops WHERE id = $1
  ) day, (SELECT minutes * interval '1 minute' AS ago FROM generate_series(0, ${LONGEST_CHANGE_MINUTES}) minutes) back
  WHERE (begins - ago) AT TIME ZONE timezone >= wall)`;
