import { createHmac, randomBytes } from 'node:crypto';
import { hashToken } from './tokens.ts';

/** The parts of a refresh token: `session.family.secret`. Clients keep it as it is and read nothing in it. */
export type RefreshToken = {
  sessionId: string;
  /** Stays for the whole session: whoever brings the right one had a token of it once. */
  family: string;
  /** Changes with each refresh. */
  secret: string;
};

const BYTES = 32;
const random = () => randomBytes(BYTES).toString('base64url');

export const newRefreshToken = (sessionId: string): RefreshToken => ({
  sessionId,
  family: randomBytes(BYTES / 2).toString('base64url'),
  secret: random(),
});

export const formatRefreshToken = ({ sessionId, family, secret }: RefreshToken) =>
  `${sessionId}.${family}.${secret}`;

/** Null for what is no token of ours. */
export function readRefreshToken(text: string): RefreshToken | null {
  const match = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{22})\.([\w-]{43})$/.exec(text);
  return match && { sessionId: match[1] as string, family: match[2] as string, secret: match[3] as string };
}

export const newSalt = random;

/**
 * The secret that follows on one, by a salt that the session keeps and by what the client calls its attempt: whoever lost the
 * answer asks again with the same ones and gets the same. The salt alone, or the hash of the secret alone, tells nothing.
 */
export const nextSecret = (secret: string, salt: string, attempt = '') =>
  createHmac('sha256', secret).update(`${salt}.${attempt}`).digest('base64url');

export const hashesOf = ({ family, secret }: RefreshToken) => ({
  familyHash: hashToken(family),
  refreshHash: hashToken(secret),
});
