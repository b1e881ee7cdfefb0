import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../../database/query.ts';
import { startOfDay } from '../../reports/sql/span.ts';

const UTC = (at: string) => `to_char(${at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const AUDIT_SPAN = `
  SELECT ${UTC(startOfDay('$2::date'))} AS "from",
    ${UTC(`(${startOfDay('($3::date + 1)')} - interval '1 microsecond')`)} AS "to"`;

/** The first and the last instant of business dates, as the audit's filter takes them; undefined where an end is open. */
export async function auditSpan(
  em: EntityManager,
  shopId: string,
  { from, to }: { from: string | null; to: string | null },
): Promise<{ from: string | undefined; to: string | undefined }> {
  const row = await queryRow<{ from: string | null; to: string | null }>(em, AUDIT_SPAN, [shopId, from, to]);
  return { from: row.from ?? undefined, to: row.to ?? undefined };
}
