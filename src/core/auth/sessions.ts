import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import type { Refresh, SessionView } from '../../contract/auth.ts';
import { ProblemError } from '../../contract/problem.ts';
import { ReadOnlyError } from '../../database/commit-gate.ts';
import { query } from '../../database/query.ts';
import { takesChanges } from '../../database/standby-watch.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { type Context, eventActor, type Services, type UserActor } from '../context.ts';
import { touchDevice } from '../devices/admit-device.ts';
import { removeExpired } from '../idempotency/kept-responses.ts';
import type { User } from '../users/user.entity.ts';
import {
  formatRefreshToken,
  hashesOf,
  newRefreshToken,
  newSalt,
  nextSecret,
  type RefreshToken,
  readRefreshToken,
} from './refresh-token.ts';
import { type EndReason, Session } from './session.entity.ts';
import { endOldest, forgetOldSessions } from './session-ends.ts';
import { ACCESS_TOKEN_SECONDS, hashToken, signAccessToken } from './tokens.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A month without signing in again; whatever happens, the session itself ends then. */
const SESSION_DAYS = 30;
/** A till that nobody touched for so long is not in use; a shop's holidays are shorter. */
const IDLE_DAYS = 15;

const idleSince = (now: Date) => new Date(now.getTime() - IDLE_DAYS * DAY_MS);

export type Tokens = { accessToken: string; refreshToken: string; expiresIn: number };

/** On what somebody signs in, and from where. */
export type SessionPlace = { device: { id: string; name: string } | null; address: string | null };

/** Starts a session for somebody who has shown who they are, inside a transaction that holds their row. */
export async function openSession(
  app: Services,
  em: EntityManager,
  user: User,
  { device, address }: SessionPlace,
): Promise<Tokens> {
  const now = app.now();
  const token = newRefreshToken(uuidv7());
  em.create(Session, {
    id: token.sessionId,
    userId: user.id,
    ...hashesOf(token),
    deviceId: device?.id ?? null,
    deviceName: device?.name ?? null,
    address,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: new Date(now.getTime() + SESSION_DAYS * DAY_MS),
    endedAt: null,
  });
  await em.flush();
  if (device) await endOldest(em, { id: token.sessionId, userId: user.id, deviceId: device.id }, now);
  await forgetOldSessions(em, now);
  await removeExpired(em, now);
  return tokens(app, user.id, token, 1);
}

type Row = {
  user_id: string;
  shop_id: string | null;
  name: string;
  device_id: string | null;
  refresh_hash: string;
  previous_hash: string | null;
  refresh_salt: string | null;
  generation: number;
  generation_used: number;
  ended_at: Date | null;
};

const COLUMNS = `s.user_id, u.shop_id, u.name, s.device_id, s.refresh_hash, s.previous_hash, s.refresh_salt, s.generation,
  s.generation_used, s.ended_at`;

// Whoever brings the session's family part had a token of it once; without it nobody learns anything, and ends nothing.
const FOUND = `
  FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = $1 AND s.family_hash = $2 AND s.expires_at > $3 AND s.last_seen_at > $4 AND u.disabled_at IS NULL`;

const FIND = `SELECT ${COLUMNS} ${FOUND} FOR NO KEY UPDATE OF s`;

/** Without a lock of the row, for a database that takes no changes. A change of the row that waits to be confirmed is not seen yet. */
const LOOK_UP = `
  SELECT ${COLUMNS},
    EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'transactionid' AND l.transactionid = s.xmax) AS is_changing
  ${FOUND}`;

const ROTATE = `
  UPDATE sessions SET refresh_hash = $2, previous_hash = $3, refresh_salt = $4, generation = generation + 1,
    generation_used = generation, last_seen_at = $5
  WHERE id = $1`;

const END = `
  UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL`;

type Outcome = { kind: 'renewed'; tokens: Tokens; deviceId: string | null } | { kind: 'reused' | 'refused' };

/**
 * Trades a refresh token for new ones. The token before is good for the same ones again, for the same attempt and until
 * somebody used them: an answer that was lost on the way signs nobody out. One that is older than that, or that is brought
 * by two attempts, was copied: the session ends, for whoever has it. While the database takes no changes, the refresh token stays
 * the same. Throws `unauthenticated`, and then ReadOnlyError where something would have to be written.
 */
export async function refreshSession(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { refreshToken, attempt }: Refresh,
  address: string | null = null,
): Promise<Tokens> {
  const token = readRefreshToken(refreshToken);
  const outcomeOf = async (): Promise<Outcome> => {
    if (!token) return { kind: 'refused' };
    if (!takesChanges(app.standby.state())) return await prolong(app, em, token, attempt);
    return await em.transactional((tx) => renew(app, tx, token, attempt, address));
  };
  const outcome = await outcomeOf();
  if (outcome.kind === 'reused') app.bus.tell({ kind: 'sessions' });
  if (outcome.kind !== 'renewed') {
    throw new ProblemError('unauthenticated', { detail: 'The refresh token is not valid. Sign in again.' });
  }
  // Nothing that only notes the time may keep the new tokens back.
  await touchDevice(em, outcome.deviceId, app.now()).catch((error) =>
    app.log.warn({ err: error }, 'when a device was last seen could not be noted'),
  );
  return outcome.tokens;
}

async function renew(
  app: Services,
  em: EntityManager,
  token: RefreshToken,
  attempt: string | undefined,
  address: string | null,
): Promise<Outcome> {
  const now = app.now();
  const { sessionId, secret } = token;
  const { familyHash, refreshHash } = hashesOf(token);
  const [row] = await query<Row>(em, FIND, [sessionId, familyHash, now, idleSince(now)]);
  if (!row || row.ended_at) return { kind: 'refused' };
  if (row.refresh_hash === refreshHash) {
    const salt = newSalt();
    const next = { ...token, secret: nextSecret(secret, salt, attempt) };
    await query(em, ROTATE, [sessionId, hashToken(next.secret), refreshHash, salt, now]);
    return {
      kind: 'renewed',
      tokens: tokens(app, row.user_id, next, row.generation + 1),
      deviceId: row.device_id,
    };
  }
  const again = sameAgain(row, token, attempt);
  if (again)
    return {
      kind: 'renewed',
      tokens: tokens(app, row.user_id, again, row.generation),
      deviceId: row.device_id,
    };
  await query(em, END, [sessionId, now, 'reused' satisfies EndReason]);
  await recordSecurity(em, {
    type: 'refresh_reused',
    shopId: row.shop_id,
    at: now,
    actor: { kind: 'user', id: row.user_id, name: row.name },
    deviceId: row.device_id,
    address,
    details: { sessionId },
  });
  return { kind: 'reused' };
}

/** The token that this attempt was given before, while nobody used it; null for any other attempt. */
function sameAgain(row: Row, token: RefreshToken, attempt: string | undefined): RefreshToken | null {
  const isUnused = row.generation_used < row.generation;
  if (row.previous_hash !== hashesOf(token).refreshHash || !row.refresh_salt || !isUnused) return null;
  const same = { ...token, secret: nextSecret(token.secret, row.refresh_salt, attempt) };
  // Another attempt would have got other tokens.
  return hashToken(same.secret) === row.refresh_hash ? same : null;
}

/**
 * Lets a session go on while the database takes no changes, so that tills can still read: a new access token, and the same refresh
 * token, as nothing would be left of a new one after a failover.
 */
async function prolong(
  app: Services,
  em: EntityManager,
  token: RefreshToken,
  attempt: string | undefined,
): Promise<Outcome> {
  const now = app.now();
  const { familyHash, refreshHash } = hashesOf(token);
  const parameters = [token.sessionId, familyHash, now, idleSince(now)];
  const [row] = await query<Row & { is_changing: boolean }>(em, LOOK_UP, parameters);
  const isOnStandby = app.standby.state().isStandbySince !== null;
  // A standby may lack the last sign-ins of its primary.
  if (row ? row.ended_at : !isOnStandby) return { kind: 'refused' };
  const same = row && (row.refresh_hash === refreshHash ? token : sameAgain(row, token, attempt));
  if (!row || !same || row.is_changing) throw new ReadOnlyError(isOnStandby ? 'standby' : 'closed');
  return { kind: 'renewed', tokens: tokens(app, row.user_id, same, row.generation), deviceId: null };
}

function tokens(app: Services, userId: string, token: RefreshToken, generation: number): Tokens {
  return {
    accessToken: signAccessToken(app, { userId, sessionId: token.sessionId, generation }),
    refreshToken: formatRefreshToken(token),
    expiresIn: ACCESS_TOKEN_SECONDS,
  };
}

/** Ends one's own session: its tokens are worth nothing from now on, and its sockets close. Throws `not_found`. */
export async function endSession(
  { app, em, actor }: Context<UserActor>,
  sessionId: string,
  address: string | null = null,
): Promise<void> {
  const isOwn = sessionId === actor.sessionId;
  const now = app.now();
  const reason: EndReason = isOwn ? 'signed_out' : 'ended';
  await em.transactional(async (tx) => {
    const ended = await tx.nativeUpdate(
      Session,
      { id: sessionId, userId: actor.id, endedAt: null },
      { endedAt: now, endReason: reason },
    );
    if (ended === 0) throw new ProblemError('not_found', { detail: 'You have no such session.' });
    await recordSecurity(tx, {
      type: isOwn ? 'signed_out' : 'session_ended',
      shopId: actor.shopId,
      at: now,
      actor: eventActor(actor),
      deviceId: actor.deviceId,
      address,
      details: isOwn ? {} : { sessionId },
    });
  });
  app.bus.tell({ kind: 'sessions' });
}

/** Where somebody is signed in, newest first; more than anybody has, and a bound. */
const MAX_LISTED = 200;

export async function listSessions(
  { app, em }: Pick<Context, 'app' | 'em'>,
  userId: string,
  currentId: string | null,
): Promise<SessionView[]> {
  const now = app.now();
  const sessions = await em.find(
    Session,
    { userId, endedAt: null, expiresAt: { $gt: now }, lastSeenAt: { $gt: idleSince(now) } },
    { orderBy: { createdAt: 'desc', id: 'desc' }, limit: MAX_LISTED },
  );
  return sessions.map((session) => viewSession(session, currentId));
}

const viewSession = (session: Session, currentId: string | null): SessionView => ({
  id: session.id,
  deviceId: session.deviceId ?? null,
  deviceName: session.deviceName ?? null,
  address: session.address ?? null,
  createdAt: session.createdAt.toISOString(),
  lastSeenAt: session.lastSeenAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  isCurrent: session.id === currentId,
});
