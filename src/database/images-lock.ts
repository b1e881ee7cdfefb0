import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { withClient } from './migrate.ts';
import { isLockNotAvailable } from './pg-errors.ts';

/** Held shared by users of pictures, exclusively to delete or move them. "Imgs" in ASCII. */
const IMAGES_KEY = 0x496d6773;
/** Allows one move at a time. "Imgm" in ASCII. */
const MOVE_KEY = 0x496d676d;
/** Longer than a batch of garbage collection or the last step of a move; after it, the caller has to retry. */
const SHARED_WAIT_MS = 20_000;
const PAUSE_MS = 100;

/** Users that hold the lock shared while they rely on pictures staying in place. */
export type ImageUser = 'upload' | 'backup';

/** The lock on pictures was not free within the wait. */
export class ImagesLockedError extends Error {
  override name = 'ImagesLockedError';
}

/** A shared lock on pictures, held by its own connection. */
export type SharedImages = {
  /** Checks that the connection, and so the lock, is alive. Throws the connection's error. */
  confirm(): Promise<void>;
};

// PostgreSQL frees the lock of a machine that lost power after 30 + 3 × 10 seconds, not two hours.
const PATIENT = `SET idle_session_timeout = 0; SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10;
  SET tcp_keepalives_count = 3`;

/**
 * Takes the shared lock on a connection, until that is closed: no picture referred to before or after is deleted, and none
 * changes its store. A backup takes it before its snapshot, on a client of its own. Throws ImagesLockedError.
 */
export async function shareImages(client: pg.Client, user: ImageUser): Promise<void> {
  await client.query(
    `${PATIENT}; SET application_name = 'smoocho ${user}'; SET lock_timeout = ${SHARED_WAIT_MS}`,
  );
  try {
    await client.query('SELECT pg_advisory_lock_shared($1)', [IMAGES_KEY]);
  } catch (error) {
    if (!isLockNotAvailable(error)) throw error;
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

/** Takes the shared lock until the end of a transaction, when another connection already holds it. SQL for the ORM's connection. */
export const SHARE_IMAGES_IN_TRANSACTION = `SELECT pg_advisory_xact_lock_shared(${IMAGES_KEY})`;

/**
 * Runs `work` with the exclusive lock, while nobody adds a picture and no backup reads one; returns null if it isn't free
 * within `waitMs`. Polls instead of queueing: an upload takes the shared lock twice, and a queued exclusive lock between the
 * two would deadlock.
 */
export const withLockedImages = <T>(
  url: string,
  waitMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T | null> => withLock(url, IMAGES_KEY, waitMs, work);

/** Runs `work` unless another move is running; then returns null. */
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

/** Lists the current holders of the lock (`backup`, `upload`), for an error message. */
export const imageHolders = (url: string): Promise<string[]> =>
  withClient(url, async (client) => (await client.query(HOLDERS)).rows.map(({ name }) => name));
