import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseRefusedError } from './errors.ts';

/**
 * What a home has only once its cluster was made: PostgreSQL's first start writes the first two, the first program on the
 * migrated database the master key, and a server the heads of the audit. A set-up that was cut before that leaves a password of PostgreSQL at most, and goes on.
 */
const MASTER_KEY = ['secrets', 'master-key'];
const TRACES = [['postgres', 'port'], ['postgres', 'postgres.log'], MASTER_KEY, ['audit-heads']];

/** Whether there is anything in the folder of the data: a cluster, or something that is none and has to be looked at. */
export function hasData(data: string): boolean {
  try {
    return readdirSync(data).length > 0;
  } catch {
    // Not ours to read, but there: whoever opens it says so.
    return existsSync(data);
  }
}

/** Whether a home has a cluster or a master key of its own, as one whose shop is elsewhere in a database by URL may not. */
export const hasShop = (home: string): boolean =>
  hasData(join(home, 'postgres', 'data')) || traceIn(home, [MASTER_KEY]) !== undefined;

const traceIn = (home: string, traces: string[][]) =>
  traces.map((names) => join(home, ...names)).find((path) => existsSync(path));

/**
 * To be called where no cluster is. Throws DatabaseRefusedError if there was one: an empty database in its place, as when a disk is
 * not mounted or a setting is mistyped, would look like a new shop while the old one is somewhere else.
 */
export function requireNoneLost({ home, data }: { home: string; data: string }): void {
  const trace = traceIn(home, TRACES);
  if (trace === undefined) return;
  throw new DatabaseRefusedError(
    `The database of this home is gone: ${trace} is from a shop that was set up here, but ${data} is missing or empty. ` +
      `Nothing was made in its place. Mount or put back that folder. ${waysOut(home)}`,
  );
}

/**
 * To be called where the database in a home's cluster has never been migrated. Throws DatabaseRefusedError beside a master key: a
 * restore made the cluster in the place of one that was gone, and was not finished.
 */
export function requireNoOldKey(home: string): void {
  const key = traceIn(home, [MASTER_KEY]);
  if (key === undefined) return;
  throw new DatabaseRefusedError(
    `The database of this home is empty, but ${key} is from a shop: a restore was not finished. Nothing was changed. ${waysOut(home)}`,
  );
}

const waysOut = (home: string) =>
  'If the database is elsewhere, set DATABASE_URL. To restore a backup: smoocho restore FILE. ' +
  `To begin a new shop instead, move all of ${home} away.`;
