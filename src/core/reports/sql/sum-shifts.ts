import type { EntityManager } from '@mikro-orm/postgresql';
import type { ShiftsReport } from '../../../contract/reports.ts';
import { queryRow } from '../../../database/query.ts';
import { count, money, rows, time } from './json.ts';
import { type Span, spanParameters } from './span.ts';

const person = (name: string, user: string) =>
  `'${name}', CASE WHEN ${user}.id IS NOT NULL THEN json_build_object('id', ${user}.id, 'name', ${user}.name) END`;

const FIELDS = [
  "'id', s.id, 'zNumber', z_number, 'deviceId', device_id",
  "'businessDate', to_char(business_date, 'YYYY-MM-DD')",
  time('openedAt', 'opened_at'),
  person('openedBy', 'opener'),
  time('closedAt', 'closed_at'),
  person('closedBy', 'closer'),
  money('expected'),
  money('counted'),
  money('variance'),
].join(', ');

const SUM_SHIFTS = `
  WITH closed AS (
    SELECT * FROM shifts WHERE shop_id = $1 AND business_date BETWEEN $2 AND $3 AND closed_at IS NOT NULL
  )
  SELECT (SELECT json_build_object(
            ${count('shifts', 'count(*)')}, ${money('expected', 'sum(expected)')},
            ${money('counted', 'sum(counted)')}, ${money('variance', 'sum(variance)')},
            ${money('over', 'sum(greatest(variance, 0))')}, ${money('short', 'sum(greatest(-variance, 0))')})
          FROM closed) AS totals,
         ${rows(
           FIELDS,
           `closed s LEFT JOIN users opener ON opener.id = s.opened_by
            LEFT JOIN users closer ON closer.id = s.closed_by`,
           'z_number',
         )} AS shifts`;

type Shifts = Pick<ShiftsReport, 'totals' | 'shifts'>;

/** Shifts of a span that were counted, with what was expected and what was there. */
export async function sumShifts(em: EntityManager, span: Span): Promise<Shifts> {
  return await queryRow<Shifts>(em, SUM_SHIFTS, spanParameters(span));
}
