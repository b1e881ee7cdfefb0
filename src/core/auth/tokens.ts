import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { ProblemError } from '../../contract/problem.ts';
import type { Services } from '../context.ts';

/** Short, for what it says is only looked up again when it is used. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** What a token was issued at may lie ahead of a machine's clock so far: one that runs late, or was put back by hours. */
const CLOCKS_APART_SECONDS = 24 * 60 * 60;

const ISSUER = 'smoocho';
const AUDIENCE = 'smoocho-api';
const TYPE = 'access';

/** A random token for a client to keep, and the hash of it for us to keep. */
export function newOpaqueToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** SHA-256 suffices: the token is 256 random bits, not a password. */
export const hashToken = (token: string) => createHash('sha256').update(token).digest('hex');

/** For whom a token speaks; `generation` counts the refreshes of the session before it. */
export type AccessClaims = { userId: string; sessionId: string; generation: number };

export function signAccessToken(app: Services, { userId, sessionId, generation }: AccessClaims): string {
  const issuedAt = Math.floor(app.now().getTime() / 1000);
  const times = { iat: issuedAt, exp: issuedAt + ACCESS_TOKEN_SECONDS };
  const { id, key } = app.keys.tokenKey();
  return jwt.sign({ sid: sessionId, gen: generation, typ: TYPE, ...times }, key, {
    algorithm: 'HS256',
    keyid: id,
    subject: userId,
    issuer: ISSUER,
    audience: AUDIENCE,
  });
}

/** Whoever brings it hears the same in both cases. */
const NOT_VALID = { detail: 'The access token is not valid or has expired. Sign in again.' };

/** A token that was made up, changed or signed elsewhere. Every till has some that only ran out; hardly anybody has such a one by accident. */
export class InvalidTokenError extends ProblemError {
  constructor() {
    super('unauthenticated', NOT_VALID);
  }
}

/**
 * The session that a token speaks for. Throws `unauthenticated` for one that ran out, InvalidTokenError for one that is forged
 * or foreign. Only the key that it names is tried, and only as a key of tokens: whatever else its header says changes nothing.
 */
export async function readAccessToken(app: Services, token: string): Promise<AccessClaims> {
  const keyId = keyIdOf(token);
  const key = keyId === undefined ? undefined : await app.keys.findTokenKey(keyId);
  const claims = key && verified(app, token, key);
  if (claims === 'expired') throw new ProblemError('unauthenticated', NOT_VALID);
  if (!claims) throw new InvalidTokenError();
  return claims;
}

/** The same by the keys in memory alone, for before it is known whether a stranger may cost more than that. */
export function glanceAtToken(app: Services, token: string): AccessClaims | undefined {
  const keyId = keyIdOf(token);
  const key = keyId === undefined ? undefined : app.keys.heldTokenKey(keyId);
  const claims = key && verified(app, token, key);
  return claims === 'expired' ? undefined : claims;
}

function keyIdOf(token: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString());
    return typeof header?.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

function verified(app: Services, token: string, key: KeyObject): AccessClaims | 'expired' | undefined {
  const now = Math.floor(app.now().getTime() / 1000);
  try {
    const claims = jwt.verify(token, key, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: now,
    });
    if (typeof claims !== 'object' || claims.typ !== TYPE || !claims.sub) return undefined;
    const { sid, gen, iat = Infinity, exp = Infinity } = claims;
    if (typeof sid !== 'string' || !Number.isInteger(gen)) return undefined;
    if (exp - iat > ACCESS_TOKEN_SECONDS || iat > now + CLOCKS_APART_SECONDS) return undefined;
    return { userId: claims.sub, sessionId: sid, generation: gen };
  } catch (error) {
    // It looks at the signature before the times.
    if (error instanceof jwt.TokenExpiredError) return 'expired';
    // It parses the claims before it looks at the signature.
    if (error instanceof jwt.JsonWebTokenError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
