import type { Context } from 'koa';
import { refresh } from '../../contract/auth.ts';
import { maxBodyBytesOf } from '../../contract/route.ts';
import { readRefreshToken } from '../../core/auth/refresh-token.ts';
import { bodyReader } from '../body.ts';

/** A chain's devices and people several times over; the first that were seen go first, and are seen again when they ask. */
const MAX_SEEN = 50_000;

/**
 * Sessions that were seen here with a token of ours. A till renews without its old access token: its session is known by the
 * refresh token, whose id nobody guesses, so that a guest of the shop's network who asks on and on keeps no till from it.
 */
export function watchSessions() {
  const seen = new Set<string>();
  const readBody = bodyReader(maxBodyBytesOf(refresh));
  return {
    see(sessionId: string): void {
      if (seen.has(sessionId)) return;
      if (seen.size >= MAX_SEEN) seen.delete(seen.values().next().value as string);
      seen.add(sessionId);
    },
    /** The session that a request would renew, if it was seen; undefined for all other requests. */
    async renewedBy(ctx: Context): Promise<string | undefined> {
      if (ctx.method !== 'POST' || ctx.path !== refresh.path) return undefined;
      // What is wrong with a body is said by whoever reads it next.
      const body = (await readBody(ctx).catch(() => null)) as { refreshToken?: unknown } | null;
      const { refreshToken } = body ?? {};
      const session = typeof refreshToken === 'string' ? readRefreshToken(refreshToken) : null;
      return session && seen.has(session.sessionId) ? session.sessionId : undefined;
    },
  };
}
