import { ProblemError } from '../../contract/problem.ts';
import { query, queryRow } from '../../database/query.ts';
import { recordedActor, recordSecurity } from '../audit/record-security.ts';
import { type Context, personOf } from '../context.ts';
import { newPairingCode } from './pairing-code.ts';
import type { PairingCode } from './view-device.ts';

/** Long enough to walk to the till with it. */
const VALID_MS = 10 * 60 * 1000;
/** A shop that is fitted out; more at a time would only be more to guess. */
const MAX_OPEN = 20;

// Two that ask at once would each count the other's code out. Not FOR UPDATE: sales need not wait for it.
const LOCK_SHOP = 'SELECT FROM shops WHERE id = $1 FOR NO KEY UPDATE';

const DELETE_OLD =
  'DELETE FROM pairing_codes WHERE shop_id = $1 AND (used_at IS NOT NULL OR expires_at <= $2)';

const COUNT_OPEN = `
  SELECT count(*)::int AS open, ceil(extract(epoch FROM min(expires_at) - $2))::int AS "endsIn"
  FROM pairing_codes WHERE shop_id = $1`;

const INSERT_CODE = `
  INSERT INTO pairing_codes (code_hash, shop_id, name, created_by, created_at, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6)`;

/** A code that pairs one device with the shop, once. Only its hash is kept. Throws `too_many_requests`. */
export async function createPairingCode(
  { app, em, actor }: Context,
  shopId: string,
  name: string,
): Promise<PairingCode> {
  const { code, hash } = newPairingCode();
  const now = app.now();
  const expiresAt = new Date(now.getTime() + VALID_MS);
  await em.transactional(async (tx) => {
    await query(tx, LOCK_SHOP, [shopId]);
    await query(tx, DELETE_OLD, [shopId, now]);
    const codes = await queryRow<{ open: number; endsIn: number }>(tx, COUNT_OPEN, [shopId, now]);
    if (codes.open >= MAX_OPEN) throw tooManyOpen(codes.endsIn);
    await query(tx, INSERT_CODE, [hash, shopId, name, personOf(actor), now, expiresAt]);
    const who = recordedActor(actor);
    await recordSecurity(tx, { type: 'pairing_code_made', shopId, at: now, ...who, details: { name } });
  });
  return { code, name, expiresAt };
}

/** `retryAfter` is when the oldest of them expires, in seconds. */
function tooManyOpen(retryAfter: number): ProblemError {
  const detail = `This shop has ${MAX_OPEN} codes that nobody has used yet. Use one of them, or wait until it expires.`;
  return new ProblemError('too_many_requests', { detail, extra: { retryAfter } });
}
