import type { EntityManager } from '@mikro-orm/postgresql';
import type { SecurityType } from '../../contract/audit.ts';
import type { AuditActor } from '../../contract/events.ts';
import { query } from '../../database/query.ts';
import { type Actor, deviceOf, eventActor } from '../context.ts';

/** The chain of what belongs to no shop. */
export const INSTALLATION = '00000000-0000-0000-0000-000000000000';

export type SecurityRecord = {
  type: SecurityType;
  /** Null: it belongs to the installation. */
  shopId: string | null;
  at: Date;
  actor: AuditActor;
  deviceId?: string | null;
  /** Where it came from over the network. */
  address?: string | null;
  /** What there is to say, for people; never a password, a PIN or a token. */
  details?: Record<string, unknown>;
};

/** Who did it and on what, as a record has it. */
export const recordedActor = (actor: Actor) => ({ actor: eventActor(actor), deviceId: deviceOf(actor) });

/** Somebody who has not shown who they are. */
export const SOMEBODY: AuditActor = { kind: 'user', id: null, name: '' };

// The counter row is held until the commit, so that the order of seq is the order of commits, without a gap. A chain of its
// own apart from the shop's counters: no sale waits for it.
const RECORD = `
  WITH chain AS (
    UPDATE audit_chains SET log_seq = log_seq + 1 WHERE id = $1 RETURNING id, log_seq
  )
  INSERT INTO security_log (chain_id, seq, type, at, actor, device_id, address, details)
  SELECT id, log_seq, $2, $3, $4, $5, $6, $7 FROM chain`;

/** Writes one row of the security log; in a transaction it is the last thing but the events. */
export async function recordSecurity(em: EntityManager, record: SecurityRecord): Promise<void> {
  await query(em, RECORD, [
    record.shopId ?? INSTALLATION,
    record.type,
    record.at,
    JSON.stringify(record.actor),
    record.deviceId ?? null,
    record.address ?? null,
    JSON.stringify(record.details ?? {}),
  ]);
}
