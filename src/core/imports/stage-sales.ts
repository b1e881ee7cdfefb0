import type { Client } from 'pg';
import type { BadRows } from './bad-rows.ts';
import { billId } from './bill-id.ts';
import { copyInto, escapeCopy } from './copy-rows.ts';
import type { SalesRow } from './read-sales.ts';
import type { OpenedSales, SalesShop } from './sales-file.ts';
import { COPY_ROWS, COPY_SOLD } from './sql/stage.ts';

/** What was sold is written out and forgotten when there is this much of it: a few megabytes. */
const SOLD_MAX = 20_000;

export type Progress = { bytes: number; rows: number };

/** Copies the good rows of a file into the staging tables, as fast as they are read, and lists the bad ones. */
export async function stageSales(
  client: Client,
  shop: SalesShop,
  { reader, batches }: OpenedSales,
  bad: BadRows,
  progress: Progress,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<void> {
  const toCopyLine = createRowWriter(shop.id);
  let isDone = false;
  async function* round() {
    while (reader.soldCount() < SOLD_MAX) {
      const batch = await batches.next();
      if (batch.done) {
        isDone = true;
        return;
      }
      let lines = '';
      for (const row of batch.value) {
        const read = reader.read(row);
        if (read.fault !== undefined) bad.add(row.line, read.fault);
        else lines += toCopyLine(read.value);
      }
      progress.rows += batch.value.length;
      onProgress?.({ ...progress });
      if (lines !== '') yield lines;
    }
  }
  while (!isDone) {
    await copyInto(client, COPY_ROWS, round());
    await copyInto(client, COPY_SOLD, reader.drainSold());
  }
}

/** Writes a row in the format of COPY, with its bill's id; a row without a bill's number gets one later. */
function createRowWriter(shopId: string): (row: SalesRow) => string {
  // The lines of a bill mostly stand together.
  let last = { key: '', id: '' };
  const idOf = (businessDate: string, kind: string, order: string) => {
    const key = `${shopId}\n${businessDate}\n${kind}\n${order}`;
    if (key !== last.key) last = { key, id: billId(businessDate, key) };
    return last.id;
  };
  return ({ line, isReturn, order, at, businessDate, sold, method, customer }) => {
    const id = order === null ? '\\N' : idOf(businessDate, isReturn ? 'return' : 'order', order);
    const flag = isReturn ? 't' : 'f';
    const names = `${order === null ? '\\N' : escapeCopy(order)}\t${at}\t${businessDate}`;
    const who = customer === null ? '\\N' : escapeCopy(customer);
    return `${line}\t${id}\t${flag}\t${names}\t${sold.number}\t${method}\t${who}\n`;
  };
}
