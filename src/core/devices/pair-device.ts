import { v7 as uuidv7 } from 'uuid';
import { ProblemError } from '../../contract/problem.ts';
import { isAtLeast, roles } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import type { Limit } from '../../redis/limits.ts';
import { recordSecurity, SOMEBODY } from '../audit/record-security.ts';
import { consumeAttempt } from '../auth/consume-attempt.ts';
import { networkOf } from '../auth/network.ts';
import { newOpaqueToken } from '../auth/tokens.ts';
import type { Context } from '../context.ts';
import { findShop } from '../shops/find-shops.ts';
import { findDevice } from './find-devices.ts';
import { hashPairingCode } from './pairing-code.ts';
import type { Paired } from './view-device.ts';

const QUARTER_HOUR = 15 * 60;
/** Of one network: somebody who mistypes needs fewer. */
const PER_NETWORK: Limit = { name: 'pairing', times: 10, seconds: QUARTER_HOUR };
/**
 * Of all together, for who guesses has many networks. Of 40 bits, good for ten minutes, so many tries find one in some
 * eight hundred years, with twenty codes open all the time. Fewer would let ten guests with a phone each close pairing
 * for every shop; this takes two hundred networks.
 */
const OVER_ALL: Limit = { name: 'pairing-all', times: 2_000, seconds: QUARTER_HOUR };
const EVERYBODY = 'all';

/** Who may make a code. */
const MAKERS = roles.filter((role) => isAtLeast(role, 'manager'));

// Of many that bring one code at once, one updates it; the others wait for that one and then find it used. It is worth as
// much as its maker is now: whoever was disabled, demoted or taken out of the shop leaves no way in. The command line's has
// no maker.
const PAIR = `
  WITH code AS (
    UPDATE pairing_codes c SET used_at = $2
    WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2
      AND (created_by IS NULL OR EXISTS (
        SELECT FROM users u JOIN shops s ON s.id = c.shop_id AND (s.id = u.shop_id OR s.owner_id = u.id)
        WHERE u.id = c.created_by AND u.disabled_at IS NULL AND u.role = ANY($6)))
    RETURNING shop_id, name, created_by
  )
  INSERT INTO devices (id, shop_id, name, token_hash, paired_at, paired_by, last_seen_at)
  SELECT $3, shop_id, coalesce($4, name), $5, $2, created_by, $2 FROM code
  RETURNING shop_id AS "shopId", name, paired_by AS "codeBy"`;

/**
 * Turns a code into a device of its shop. `address` says whose tries are counted: its network's. A wrong, a used and an
 * expired code, and one whose maker may make none any more, are told apart by nothing.
 * Throws `pairing_refused`, `too_many_requests`.
 */
export async function pairDevice(
  { app, em }: Pick<Context, 'app' | 'em'>,
  address: string,
  { code, name }: { code: string; name?: string | undefined },
): Promise<Paired> {
  // The limit of all first: beyond it no network is remembered. A network beyond its own takes nothing from the others.
  const attempt = await consumeAttempt(
    app,
    [
      [OVER_ALL, EVERYBODY],
      [PER_NETWORK, networkOf(address)],
    ],
    tooMany,
  );
  const { token, hash } = newOpaqueToken();
  const id = uuidv7();
  const now = app.now();
  const paired = await em.transactional(async (tx) => {
    const values = [hashPairingCode(code), now, id, name ?? null, hash, MAKERS];
    const [made] = await query<{ shopId: string; name: string; codeBy: string | null }>(tx, PAIR, values);
    if (!made) return null;
    // Whoever holds the code is nobody yet; who made it is.
    const details = { deviceId: id, name: made.name, codeBy: made.codeBy };
    const { shopId } = made;
    await recordSecurity(tx, { type: 'device_paired', shopId, at: now, actor: SOMEBODY, address, details });
    return made;
  });
  if (!paired) {
    throw new ProblemError('pairing_refused', {
      detail: 'This code is wrong, was used already, or is good no longer. Ask for a new one.',
    });
  }
  await attempt.reward();
  const device = await findDevice(em, paired.shopId, id);
  return { device, deviceToken: token, shop: await findShop(em, paired.shopId) };
}

function tooMany(retryAfter: number): ProblemError {
  const detail = `Too many wrong codes were tried. Try again in ${minutes(retryAfter)}.`;
  return new ProblemError('too_many_requests', { detail, extra: { retryAfter } });
}

const minutes = (seconds: number) => (seconds <= 60 ? 'a minute' : `${Math.ceil(seconds / 60)} minutes`);
