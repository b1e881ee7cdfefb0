import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { withClient } from './migrate.ts';

/** Who may add pictures, and who may take them away. "Imgs" in ASCII. */
const IMAGES_KEY = 0x496d6773;
/** One move at a time. "Imgm" in ASCII. */
const MOVE_KEY = 0x496d676d;
/** A batch of the garbage collection or the last step of a move: whoever waits longer than this is told to come again. */
const SHARED_WAIT_MS = 20_000;
const PAUSE_MS = 100;
/** PostgreSQL's, when a lock is not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** Held shared by these, each for as long as it relies on pictures staying where they are. */
export type ImageUser = 'upload' | 'backup';

/** The pictures are locked by somebody else for longer than one waits. */
export class ImagesLockedError extends Error {
  override name = 'ImagesLockedError';
}

/** A shared lock on pictures, held by a connection of its own. */
export type SharedImages = {
  /** Asks PostgreSQL: a connection that broke holds nothing any more. Throws what a broken connection throws. */
  confirm(): Promise<void>;
};

// A machine that lost its power holds the lock until PostgreSQL finds out: 30 + 3 × 10 seconds, not two hours.
const PATIENT = `SET idle_session_timeout = 0; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10;
  SET tcp_keepalives_count = 3`;

/**
 * Takes the shared lock on a connection, until that is closed: no picture that was referred to when this returned, or is
 * referred to later, is taken away, and none changes its store. A backup takes it before its snapshot, on a client of its own.
 * Throws ImagesLockedError.
 */
export async function shareImages(client: pg.Client, user: ImageUser): Promise<void> {
  await client.query(
    `${PATIENT}; SET application_name = 'smoocho ${user}'; SET lock_timeout = ${SHARED_WAIT_MS}`,
  );
  try {
    await client.query('SELECT pg_advisory_lock_shared($1)', [IMAGES_KEY]);
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    throw new ImagesLockedError('Pictures are being moved or tidied up. Try again in a minute.');
  }
  await client.query('RESET lock_timeout');
}

/** Runs `work` with the shared lock. Throws ImagesLockedError, DatabaseUnreachableError. */
export const withSharedImages = <T>(
  url: string,
  user: ImageUser,
  work: (lock: SharedImages) => Promise<T>,
): Promise<T> =>
  withClient(url, async (client) => {
    await shareImages(client, user);
    return await work({ confirm: async () => void (await client.query('SELECT 1')) });
  });

/** The same until the end of a transaction that has it already elsewhere. SQL for the ORM's connection. */
export const SHARE_IMAGES_IN_TRANSACTION = `SELECT pg_advisory_xact_lock_shared(${IMAGES_KEY})`;

/**
 * Runs `work` while nobody adds a picture and no backup reads one; gives null when that can't be had within `waitMs`. It asks
 * again and again instead of standing in line: an upload that holds the lock takes it once more for its commit, and would wait
 * behind whoever stands in line for the upload to end.
 */
export const withLockedImages = <T>(
  url: string,
  waitMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T | null> => withLock(url, IMAGES_KEY, waitMs, work);

/** Runs `work` unless another move is under way; then null. */
export const asOnlyMove = <T>(url: string, work: () => Promise<T>): Promise<T | null> =>
  withLock(url, MOVE_KEY, 0, work);

async function withLock<T>(
  url: string,
  key: number,
  waitMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T | null> {
  return await withClient(url, async (client) => {
    await client.query(PATIENT);
    for (const late = Date.now() + waitMs; ; ) {
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS mine', [key]);
      if (rows[0].mine) return await work(client);
      if (Date.now() >= late) return null;
      await sleep(PAUSE_MS);
    }
  });
}

const HOLDERS = `
  SELECT DISTINCT replace(a.application_name, 'smoocho ', '') AS name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = 0 AND l.objid = ${IMAGES_KEY} AND l.objsubid = 1 AND l.granted`;

/** Who holds the pictures now, so that whoever didn't get them can say why: `backup`, `upload`. */
export const imageHolders = (url: string): Promise<string[]> =>
  withClient(url, async (client) => (await client.query(HOLDERS)).rows.map(({ name }) => name));
