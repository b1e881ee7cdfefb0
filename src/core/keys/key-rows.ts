import {
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import type { Purpose } from './keys.ts';
import { open, seal } from './seal.ts';

/** A key as the database keeps it. */
export type KeyRow = {
  id: string;
  purpose: Purpose;
  wrapped: Buffer;
  createdAt: Date;
  retiredAt: Date | null;
};

/** "Keys" in ASCII: whoever makes keys, or changes what they are wrapped with, does it alone. */
const LOCK = 0x4b657973;

export const READ_KEYS = `
  SELECT id, purpose, wrapped, created_at AS "createdAt", retired_at AS "retiredAt" FROM keys ORDER BY created_at, id`;

export async function readKeyRows(em: EntityManager): Promise<KeyRow[]> {
  const rows = await query<
    Omit<KeyRow, 'createdAt' | 'retiredAt'> & { createdAt: string; retiredAt: string | null }
  >(em, READ_KEYS);
  // The ORM leaves times as they come.
  return rows.map((row) => ({
    ...row,
    createdAt: new Date(row.createdAt),
    retiredAt: row.retiredAt === null ? null : new Date(row.retiredAt),
  }));
}

/** Until the transaction's end. */
export const lockKeys = (em: EntityManager) => query(em, 'SELECT pg_advisory_xact_lock($1)', [LOCK]);

/** False when somebody else has it. */
export async function tryLockKeys(em: EntityManager): Promise<boolean> {
  const [row] = await query<{ mine: boolean }>(em, 'SELECT pg_try_advisory_xact_lock($1) AS mine', [LOCK]);
  return row?.mine === true;
}

const INSERT = 'INSERT INTO keys (id, purpose, wrapped, created_at) VALUES ($1, $2, $3, $4)';

export async function insertKey(
  em: EntityManager,
  { id, purpose, wrapped, createdAt }: Omit<KeyRow, 'retiredAt'>,
): Promise<void> {
  await query(em, INSERT, [id, purpose, wrapped, createdAt]);
}

/** What the canary says when the master key is the right one. */
const CANARY = 'smoocho'.padEnd(32, '.');

/** Twelve letters of base64url; it stands in tokens, seals and fields. */
const newKeyId = () => randomBytes(9).toString('base64url');

/** A new key, wrapped. */
export function newKey(master: KeyObject, purpose: Purpose, createdAt: Date): Omit<KeyRow, 'retiredAt'> {
  const id = newKeyId();
  return { id, purpose, wrapped: wrapKey(master, { id, purpose }, makeKey(purpose)), createdAt };
}

function makeKey(purpose: Purpose): KeyObject {
  if (purpose === 'audit') return generateKeyPairSync('ed25519').privateKey;
  return createSecretKey(purpose === 'canary' ? Buffer.from(CANARY) : randomBytes(32));
}

const placeOf = ({ id, purpose }: Pick<KeyRow, 'id' | 'purpose'>) => `keys.wrapped.${id}.${purpose}`;

export const wrapKey = (master: KeyObject, row: Pick<KeyRow, 'id' | 'purpose'>, key: KeyObject): Buffer =>
  seal(
    master,
    key.type === 'private' ? key.export({ format: 'der', type: 'pkcs8' }) : key.export(),
    placeOf(row),
  );

/** Undefined with another master key, or when the row was changed. */
export function unwrapKey(master: KeyObject, row: KeyRow): KeyObject | undefined {
  const bytes = open(master, row.wrapped, placeOf(row));
  if (!bytes || (row.purpose === 'canary' && bytes.toString() !== CANARY)) return undefined;
  return row.purpose === 'audit'
    ? createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
    : createSecretKey(bytes);
}
