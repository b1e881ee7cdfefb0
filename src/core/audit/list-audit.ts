import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditRecord } from '../../contract/audit.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { type RecordFilter, type RecordKey, selectRecords } from './sql/list-records.ts';

/** A page of what was done in a shop, newest first: changes with what they replaced, and the security log. */
export async function listAudit(
  em: EntityManager,
  shopId: string,
  { limit, cursor, ...filter }: RecordFilter & { limit: number; cursor?: string | undefined },
): Promise<Page<AuditRecord>> {
  const key = readCursor(cursor, ['timestamp', 'string', 'number']);
  const after = key && ({ at: key[0], source: key[1], seq: key[2] } as RecordKey);
  const rows = await selectRecords(em, shopId, filter, after, limit + 1);
  return cutPage(
    rows,
    limit,
    ({ at, source, seq }) => [at, source, seq],
    ({ source: _, seq: __, ...record }) => record,
  );
}
