import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { ProblemError } from '../../contract/problem.ts';
import type { Services } from '../context.ts';

/** Short, for what it says is only looked up again when it is used. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** A month without signing in again; the session itself ends then. */
export const SESSION_DAYS = 30;

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

const keys = new Map<string, KeyObject>();

/** As a key object: given the text, the library tries to read it as a public key first, at ten times the cost. */
function signingKey(app: Services): KeyObject {
  const secret = app.config.secrets.get('jwt-key');
  const key = keys.get(secret) ?? createSecretKey(Buffer.from(secret));
  keys.set(secret, key);
  return key;
}

export function signAccessToken(app: Services, userId: string, sessionId: string): string {
  const issuedAt = Math.floor(app.now().getTime() / 1000);
  const claims = { sid: sessionId, typ: TYPE, iat: issuedAt, exp: issuedAt + ACCESS_TOKEN_SECONDS };
  return jwt.sign(claims, signingKey(app), {
    algorithm: 'HS256',
    subject: userId,
    issuer: ISSUER,
    audience: AUDIENCE,
  });
}

/** The session that a token speaks for. Throws `unauthenticated` for one that is forged, foreign or old. */
export function readAccessToken(app: Services, token: string): { userId: string; sessionId: string } {
  try {
    const claims = jwt.verify(token, signingKey(app), {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: Math.floor(app.now().getTime() / 1000),
    });
    if (typeof claims === 'object' && claims.typ === TYPE && typeof claims.sid === 'string' && claims.sub) {
      return { userId: claims.sub, sessionId: claims.sid };
    }
  } catch (error) {
    if (!(error instanceof jwt.JsonWebTokenError)) throw error;
  }
  throw new ProblemError('unauthenticated', {
    detail: 'The access token is not valid or has expired. Sign in again.',
  });
}
