import { query } from '../../database/query.ts';
import type { Context } from '../context.ts';
import { hashPassword, needsRehash } from './passwords.ts';

// Only while it is still the hash of that password: whoever changed it meanwhile wins. No version: nothing changed.
const REPLACE = 'UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2';

/**
 * Hashes a password anew that was right just now, when its hash was made at a lower cost. It goes on beside the sign-in,
 * which neither waits for it nor fails with it: what was not done now is done next time.
 */
export function renewHash(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { id, passwordHash }: { id: string; passwordHash: string },
  password: string,
): void {
  if (!needsRehash(passwordHash)) return;
  const own = em.fork();
  const renew = async () => await query(own, REPLACE, [id, passwordHash, await hashPassword(password)]);
  renew().catch((error) =>
    app.log.warn({ err: error }, 'a password could not be hashed anew; next time then'),
  );
}
