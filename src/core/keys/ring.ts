import { createPublicKey, type KeyObject } from 'node:crypto';
import type { MasterKeyPlace } from '../../config.ts';
import { type KeyRow, unwrapKey } from './key-rows.ts';
import type { Purpose } from './keys.ts';
import { type MasterKey, nameOf, readMasterKeys, WrongKeyError } from './master-key.ts';

/** A key in memory. `publicKey` is there where it signs. */
export type HeldKey = Omit<KeyRow, 'wrapped'> & { key: KeyObject; publicKey: KeyObject | null };

/** All keys by their ids, and the newest of each purpose that is not retired. */
export type Ring = {
  held: ReadonlyMap<string, HeldKey>;
  current: ReadonlyMap<Purpose, HeldKey>;
  /** A change of the master key was cut off: its file has not got its name yet. */
  isUnfinished: boolean;
};

export const NO_KEYS: Ring = { held: new Map(), current: new Map(), isUnfinished: false };

/**
 * The rows as keys. Those of `known` are in memory already; only for others the master key is read.
 * Throws WrongKeyError, ConfigError.
 */
export function ringOf(rows: KeyRow[], place: MasterKeyPlace, known: Ring): Ring {
  const master = rows.every(({ id }) => known.held.has(id)) ? null : findMasterKey(rows, place);
  const held = new Map<string, HeldKey>();
  const current = new Map<Purpose, HeldKey>();
  for (const row of rows) {
    const key = holdKey(row, known.held.get(row.id), master?.key);
    held.set(row.id, key);
    if (!row.retiredAt) current.set(row.purpose, key);
  }
  return { held, current, isUnfinished: master?.isNext === true };
}

function holdKey(
  { wrapped, ...row }: KeyRow,
  known: HeldKey | undefined,
  master: KeyObject | undefined,
): HeldKey {
  const key = known?.key ?? (master && unwrapKey(master, { wrapped, ...row }));
  if (!key) {
    throw new WrongKeyError(
      `The key ${row.id} in the table "keys" does not open: somebody changed it. Restore the database from a backup.`,
    );
  }
  const publicKey = known?.publicKey ?? (key.type === 'private' ? createPublicKey(key) : null);
  return { ...row, key, publicKey };
}

/** The master key that these rows are wrapped with; the canary shows it. Throws WrongKeyError, ConfigError. */
export function findMasterKey(rows: KeyRow[], place: MasterKeyPlace): MasterKey {
  const canary = rows.find(({ purpose }) => purpose === 'canary') ?? rows[0];
  const masters = readMasterKeys(place);
  const right = masters.find(({ key }) => canary && unwrapKey(key, canary));
  if (right) return right;
  if (masters.length === 0) {
    throw new WrongKeyError(
      `${nameOf(place)} is not there, and this database is encrypted with it. Put it back from a copy of its home; if there is none, restore a backup: smoocho restore FILE. Nothing was changed.`,
    );
  }
  throw new WrongKeyError(
    `${nameOf(place)} is not the one that this database was encrypted with. Put back the right one, or set DATABASE_URL to the right database. Nothing was changed.`,
  );
}
