import type { EntityManager } from '@mikro-orm/postgresql';
import type { Login } from '../../contract/auth.ts';
import { Id } from '../../contract/primitives.ts';
import { query } from '../../database/query.ts';
import { networkOf } from './network.ts';
import { hashToken } from './tokens.ts';

/** From where somebody tries to sign in, as seen from one account. */
export type Origin = {
  /** What stands for it in the keys of counts: a device that is known, else the network. */
  place: string[];
  /** A device of the account's shop, or one on which this account signed in before. */
  isKnownDevice: boolean;
  /** Such a device, or a network from which this account signed in before. */
  isKnown: boolean;
  /** The shop of the account's that the device is paired with. */
  pairedWith: string | null;
  /** What the device calls itself, for the log; null when that is a paired device's id and its token was not shown. */
  deviceId: string | null;
};

type Row = { pairedWith: string | null; isForged: boolean; hasDevice: boolean; addresses: string[] };

const KNOWN_DAYS = 60;
/** Of those days, so many: a till where PINs change all day has thousands, and reading them would tell that an account is there. */
const NEWEST = 200;
const DAY_MS = 24 * 60 * 60 * 1000;

// An account that isn't there is looked for all the same: it has the nil UUID, and no sessions. Sessions that were ended
// from elsewhere don't count: somebody may have had what was not theirs. A paired device's id is no secret, the feed has it:
// without its token it is nobody's device.
const FIND = `
  WITH account AS (
    SELECT coalesce((SELECT id FROM users WHERE email = $1), '00000000-0000-0000-0000-000000000000'::uuid) AS id
  )
  SELECT (
      SELECT d.shop_id FROM devices d JOIN shops s ON s.id = d.shop_id JOIN users u ON u.id = account.id
      WHERE d.id = $2 AND d.token_hash = $3 AND d.revoked_at IS NULL AND (s.id = u.shop_id OR s.owner_id = u.id)
    ) AS "pairedWith",
    EXISTS (SELECT FROM devices d WHERE d.id = $2 AND d.token_hash IS DISTINCT FROM $3) AS "isForged",
    coalesce(bool_or(s.device_id = $4), false) AS "hasDevice",
    coalesce(array_agg(DISTINCT s.address) FILTER (WHERE s.address IS NOT NULL), '{}') AS addresses
  FROM account LEFT JOIN LATERAL (
    SELECT device_id, address FROM sessions
    WHERE user_id = account.id AND created_at > $5 AND (end_reason IS NULL OR end_reason NOT IN ('ended', 'reused', 'device'))
    ORDER BY created_at DESC LIMIT ${NEWEST}
  ) s ON true
  GROUP BY account.id`;

/**
 * Whether the account is known where the try comes from. A paired device has its token to show. What another one calls
 * itself is no secret: alone it gives a count of its own, and together with a known network one more.
 */
export async function findOrigin(
  em: EntityManager,
  { email, device }: Pick<Login, 'email' | 'device'>,
  address: string | null,
  now: Date,
): Promise<Origin> {
  const paired = device && 'token' in device ? device : null;
  const named = device && !('token' in device) ? device.id : null;
  const deviceId = Id.safeParse(device?.id);
  const [row] = await query<Row>(em, FIND, [
    email,
    deviceId.success ? deviceId.data : null,
    paired && hashToken(paired.token),
    named,
    new Date(now.getTime() - KNOWN_DAYS * DAY_MS),
  ]);
  const { pairedWith = null, isForged = false, hasDevice = false, addresses = [] } = row ?? {};
  const network = address === null ? 'this machine' : networkOf(address);
  const hasNetwork = addresses.some((known) => networkOf(known) === network);
  const common = { pairedWith, deviceId: isForged ? null : (device?.id ?? null) };
  if (pairedWith) {
    return { ...common, place: ['paired', paired?.id as string], isKnownDevice: true, isKnown: true };
  }
  if (!hasDevice || isForged) {
    return { ...common, place: ['network', network], isKnownDevice: false, isKnown: hasNetwork };
  }
  const place = ['device', named as string, ...(hasNetwork ? [network] : [])];
  return { ...common, place, isKnownDevice: true, isKnown: true };
}
