import type { EntityManager } from '@mikro-orm/postgresql';
import type { Attention } from '../../contract/attention.ts';
import { listAttention } from '../../core/attention/attention.ts';
import { readKeptHead } from '../../core/audit/kept-heads.ts';
import { unsealedChains } from '../../core/audit/seal-chain.ts';
import { listChains } from '../../core/audit/sql/chains.ts';
import { sealHash } from '../../core/audit/sql/seals.ts';
import { newestTime } from '../../core/clock/watch-clock.ts';
import { type Condition, readCondition } from '../../core/status/read-condition.ts';
import { query } from '../../database/query.ts';

export type ShopFacts = Condition & {
  attention: Attention[];
  /** Chains of the audit to which something came since their last seal. */
  unsealedChains: number;
  /** Chains that are not the one of which this machine kept the head. */
  changedChains: number;
  /** When the last changes were recorded, the newest of them. */
  newestRecordAt: Date | null;
  /** Time zones of shops that PostgreSQL doesn't know. */
  unknownZones: string[];
};

const UNKNOWN_ZONES = `
  SELECT zone FROM unnest($1::text[]) zone WHERE zone NOT IN (SELECT name FROM pg_timezone_names) ORDER BY zone`;

export async function readShops(em: EntityManager, home: string, now: Date): Promise<ShopFacts> {
  const condition = await readCondition(em, now);
  const unknown = await query<{ zone: string }>(em, UNKNOWN_ZONES, [condition.timezones]);
  return {
    ...condition,
    attention: await listAttention(em),
    unsealedChains: (await unsealedChains(em)).length,
    changedChains: await countChangedChains(em, home),
    newestRecordAt: await newestTime(em),
    unknownZones: unknown.map(({ zone }) => zone),
  };
}

/** The long way, record by record, is `smoocho audit verify`. */
async function countChangedChains(em: EntityManager, home: string): Promise<number> {
  let changed = 0;
  for (const { id } of await listChains(em)) {
    const kept = await readKeptHead(home, id);
    if (kept === null) continue;
    if (kept === 'unreadable' || (await sealHash(em, id, kept.sealNo)) !== kept.hash) changed += 1;
  }
  return changed;
}
