import type { Client } from 'pg';

/**
 * Room for the sorts of a year's sales. Without statistics on the staged rows the planner must not bet on few. Texts are
 * compared by their bytes: the order doesn't matter, and a language's own takes longer.
 */
const BEGIN = `
  BEGIN;
  SET LOCAL work_mem = '64MB';
  SET LOCAL jit = off;
  SET LOCAL enable_nestloop = off;
  CREATE TEMP TABLE import_rows (
    line          integer,
    bill_id       uuid,
    is_return     boolean,
    order_ref     text COLLATE "C",
    at            timestamp,
    business_date date,
    sold          integer,
    method        text COLLATE "C",
    customer      text COLLATE "C"
  ) ON COMMIT DROP;
  CREATE TEMP TABLE import_sold (
    sold       integer,
    item       integer,
    quantity   numeric(12,3),
    unit_price numeric(10,2),
    total      numeric(10,2),
    content    bigint,
    identity   bigint
  ) ON COMMIT DROP;`;

/** Imports of one shop run one after another: what one has brought, the next one must see. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('smoocho import ' || $1, 0))`;

/** A year's sales fit. It can't be set once the session had a temporary table; then it stays as it was. */
const TEMP_BUFFERS = `SET temp_buffers = '64MB'`;

/** Begins the transaction of an import. */
export async function beginStaging(client: Client, shopId: string): Promise<void> {
  await client.query(TEMP_BUFFERS).catch(() => {});
  await client.query(BEGIN);
  await lockImports(client, shopId);
}

export async function lockImports(client: Client, shopId: string): Promise<void> {
  await client.query(LOCK, [shopId]);
}

export const COPY_ROWS = 'COPY import_rows FROM STDIN';
export const COPY_SOLD = 'COPY import_sold FROM STDIN';
