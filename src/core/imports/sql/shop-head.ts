import type { Client } from 'pg';
import type { EventActor, EventData } from '../../../contract/events.ts';
import { FIND_EPOCH } from '../../epochs/find-epoch.ts';
import type { Epoch } from '../../epochs/series-label.ts';

export type Series = Record<string, number>;

/** The epoch that the shop is in, by which its numbers are labelled. */
export async function readEpoch(client: Client, shopId: string): Promise<Epoch> {
  const [epoch] = (await client.query<Epoch>(FIND_EPOCH, [shopId])).rows;
  if (!epoch) throw new Error(`Shop ${shopId} has no epoch`);
  return epoch;
}

const READ_SERIES = 'SELECT series FROM shop_heads WHERE shop_id = $1';

/** The last number given of each series. With `lock`, nobody else gives one until the commit. */
export async function readSeries(client: Client, shopId: string, lock: boolean): Promise<Series> {
  const { rows } = await client.query<{ series: Series }>(`${READ_SERIES}${lock ? ' FOR UPDATE' : ''}`, [
    shopId,
  ]);
  const [head] = rows;
  if (!head) throw new Error(`Shop ${shopId} has no counter row`);
  return head.series;
}

// The update locks the shop's counter row until the commit: the order of seq is the order of commits, without a gap.
const RECORD = `
  WITH head AS (
    UPDATE shop_heads SET seq = seq + 1, series = series || $2::jsonb WHERE shop_id = $1 RETURNING seq
  )
  INSERT INTO events (shop_id, seq, type, at, actor, data, before)
  SELECT $1, seq, 'data_imported', $3, $4::jsonb, $5::jsonb, $6::jsonb FROM head`;

/** Sets what the series have come to and writes the one event of an import: the last thing in its transaction. */
export async function recordImport(
  client: Client,
  shopId: string,
  event: {
    series: Series;
    now: Date;
    actor: EventActor;
    data: EventData<'data_imported'>;
    /** What it replaced, for the audit. */
    before?: object;
    /** What there is since, for the audit too: the feed doesn't tell it. */
    menu?: object;
  },
): Promise<void> {
  const { series, now, actor, data, before, menu } = event;
  await client.query(RECORD, [
    shopId,
    JSON.stringify(series),
    now,
    JSON.stringify(actor),
    JSON.stringify({ ...data, menu }),
    before ? JSON.stringify(before) : null,
  ]);
}
