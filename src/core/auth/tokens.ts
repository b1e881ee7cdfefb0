import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { ProblemError } from '../../contract/problem.ts';
import type { Services } from '../context.ts';

/** Short, for what it says is only looked up again when it is used. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

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

/** For whom a token speaks; `generation` counts the refreshes of the session before it. */
export type AccessClaims = { userId: string; sessionId: string; generation: number };

export function signAccessToken(app: Services, { userId, sessionId, generation }: AccessClaims): string {
  const issuedAt = Math.floor(app.now().getTime() / 1000);
  const times = { iat: issuedAt, exp: issuedAt + ACCESS_TOKEN_SECONDS };
  return jwt.sign({ sid: sessionId, gen: generation, typ: TYPE, ...times }, signingKey(app), {
    algorithm: 'HS256',
    subject: userId,
    issuer: ISSUER,
    audience: AUDIENCE,
  });
}

/** The session that a token speaks for. Throws `unauthenticated` for one that is forged, foreign or old. */
export function readAccessToken(app: Services, token: string): AccessClaims {
  try {
    const claims = jwt.verify(token, signingKey(app), {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: Math.floor(app.now().getTime() / 1000),
    });
    if (typeof claims === 'object' && claims.typ === TYPE && claims.sub) {
      const { sid, gen } = claims;
      if (typeof sid === 'string' && Number.isInteger(gen)) {
        return { userId: claims.sub, sessionId: sid, generation: gen };
      }
    }
  } catch (error) {
    if (!(error instanceof jwt.JsonWebTokenError)) throw error;
  }
  throw new ProblemError('unauthenticated', {
    detail: 'The access token is not valid or has expired. Sign in again.',
  });
}
