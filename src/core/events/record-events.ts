import type { EntityManager } from '@mikro-orm/postgresql';
import type { EventData, EventType } from '../../contract/events.ts';
import { query } from '../../database/query.ts';
import { type Actor, deviceOf, eventActor } from '../context.ts';
import { changed } from './changed.ts';

export type NewEvent = {
  [T in EventType]: {
    shopId: string;
    type: T;
    data: EventData<T>;
    /** How it was, as `data` has it: what a change replaced is kept for the audit. The feed doesn't tell it. */
    before?: object;
    /** What else the audit keeps: as `audit` in the event's data, and not told by the feed either. */
    kept?: object;
  };
}[EventType];

// The update locks the shop's counter row until the commit: the order of seq is the order of commits, without a gap.
const INSERT_EVENTS = `
  WITH head AS (
    UPDATE shop_heads SET seq = seq + jsonb_array_length($2::jsonb) WHERE shop_id = $1 RETURNING seq
  )
  INSERT INTO events (shop_id, seq, type, at, actor, device_id, data, before)
  SELECT $1, head.seq - jsonb_array_length($2::jsonb) + event.number, event.value->>'type', $3, $4, $5,
    event.value->'data', event.value->'before'
  FROM head, jsonb_array_elements($2::jsonb) WITH ORDINALITY AS event (value, number)`;

/** Writes events of one shop; the last thing that a transaction does, for the counter row is everybody's. */
export async function insertEvents(
  em: EntityManager,
  shopId: string,
  events: NewEvent[],
  actor: Actor,
  at: Date,
): Promise<void> {
  const rows = JSON.stringify(
    events.map(({ type, data, before, kept }) => ({
      type,
      data: kept ? { ...data, audit: kept } : data,
      before: before && changed(before, data),
    })),
  );
  await query(em, INSERT_EVENTS, [shopId, rows, at, JSON.stringify(eventActor(actor)), deviceOf(actor)]);
}
