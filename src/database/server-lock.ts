import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { keepChecking, openHeldConnection } from './held-connection.ts';
import { endWithin } from './watch-server.ts';

/** Held by every server of this database: alone, or shared by those that can tell each other. "Smos" in ASCII. */
const SERVER_KEY = 0x536d6f73;
/** A server that was just stopped or killed may still be going; whoever waits longer has met one that runs. */
const WAIT_MS = 5_000;
const PAUSE_MS = 250;
/** A connection to a dead server never finishes closing. */
const END_MS = 2_000;

/** Another server runs on this database, and the two would not hear of each other. Exit code 1: the other one may be gone soon. */
export class AnotherServerError extends Error {
  override name = 'AnotherServerError';
}

const HOLDERS = `
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = 0 AND l.objid = ${SERVER_KEY} AND l.objsubid = 1 AND l.granted`;

/** A row that says since when, in ms, a server runs on this database, of several the one that runs longest; null when none does. */
export const SERVER_SINCE = `
  SELECT extract(epoch FROM min(a.backend_start))::float8 * 1000 AS since ${HOLDERS}`;

/** The same, with whether that server is on another machine than who asks, as PostgreSQL sees it. */
export const SERVER_PLACE = `
  SELECT extract(epoch FROM min(a.backend_start))::float8 * 1000 AS since,
    coalesce(bool_and(a.client_addr IS DISTINCT FROM inet_client_addr()), false) AS "isElsewhere"
  ${HOLDERS}`;

export type ServerLock = { release(): Promise<void> };

/**
 * Says for as long as its connection lives that a server runs on this database. Taken again when the connection breaks or says
 * nothing any more, as when another PostgreSQL has taken over its address; `onTaken` hears if another server has it by then.
 * Throws AnotherServerError, and what connecting throws.
 */
export async function takeServerLock(
  url: string,
  isShared: boolean,
  onTaken: () => void,
): Promise<ServerLock> {
  let isReleased = false;
  const first = await tryFor(url, isShared, WAIT_MS);
  if (!first) {
    throw new AnotherServerError(
      isShared
        ? 'Another Smoocho server runs on this database without REDIS_URL, so this one could not tell it anything. Give both the same REDIS_URL, or stop the other one.'
        : 'Another Smoocho server runs on this database. Two need a Redis to tell each other what happens: set REDIS_URL for both, or stop the other one.',
    );
  }
  let client = first;
  /** PostgreSQL was restarted: nobody had the lock meanwhile who would not have it before. */
  const retake = async () => {
    let isTold = false;
    while (!isReleased) {
      await sleep(PAUSE_MS, undefined, { ref: false });
      if (isReleased) return;
      try {
        const next = await tryFor(url, isShared, WAIT_MS);
        if (isReleased) return void (next && (await endWithin(next, END_MS)));
        if (next) {
          client = next;
          return watch();
        }
        if (!isTold) onTaken();
        isTold = true;
      } catch {
        // It is not up yet.
      }
    }
  };
  const watch = () => client.once('end', () => void (isReleased || retake()));
  watch();
  return {
    async release() {
      isReleased = true;
      await endWithin(client, END_MS);
    },
  };
}

/** A connection that holds the lock, or null if another server has it. Leaves no connection behind when the database refuses. */
async function tryFor(url: string, isShared: boolean, ms: number): Promise<pg.Client | null> {
  const client = await openHeldConnection(url, 'smoocho server');
  keepChecking(client);
  let isMine = false;
  try {
    isMine = await takeWithin(client, isShared, ms);
  } finally {
    if (!isMine) await endWithin(client, END_MS);
  }
  return isMine ? client : null;
}

async function takeWithin(client: pg.Client, isShared: boolean, ms: number): Promise<boolean> {
  const take = isShared ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  for (const late = Date.now() + ms; ; ) {
    const { rows } = await client.query(`SELECT ${take}($1) AS mine`, [SERVER_KEY]);
    if (rows[0].mine) return true;
    if (Date.now() >= late) return false;
    await sleep(PAUSE_MS);
  }
}
