import { ConfigError, promotePassword, shownSettings } from '../../config.ts';
import { DatabaseRefusedError } from '../../database/errors.ts';
import { withClient } from '../../database/migrate.ts';
import {
  dropNextPassword,
  isInFile,
  makeNextPassword,
  passwordOf,
  scramVerifier,
  withPassword,
  writePassword,
} from '../../database/password-change.ts';
import { query, queryRow } from '../../database/query.ts';
import { AnotherServerError, takeServerLock } from '../../database/server-lock.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { type Context, eventActor } from '../context.ts';

/** Where the new password is: the embedded database's secret, or the address in `config.json`. */
export type PasswordChange = { kind: 'embedded' | 'external'; role: string; file: 'secrets' | 'config.json' };

/**
 * Gives the role of `url`, as which this program connects, a new password, which nobody has to know. Cut off at any point, the
 * database opens, and the same again makes another one. Throws DatabaseRefusedError while a server runs, whose next connections
 * would be refused, and where the new password does not open the database; ConfigError where the password is not ours to write.
 */
export async function rotateDatabasePassword(context: Context, url: string): Promise<PasswordChange> {
  const { home, databaseUrl } = context.app.config;
  if (databaseUrl === undefined) requireOwnPassword(home);
  else requireWritable(home, url);
  const lock = await lockOutServers(url);
  try {
    const next = makeNextPassword(home);
    const role = await setPassword(context, next);
    if (databaseUrl === undefined) {
      promotePassword(home);
      return { kind: 'embedded', role, file: 'secrets' };
    }
    await requireOpens(context, url, withPassword(url, next));
    writePassword(home, url, next);
    return { kind: 'external', role, file: 'config.json' };
  } finally {
    await lock.release();
  }
}

const sourceOf = (home: string, name: string) =>
  shownSettings(home).settings.find((setting) => setting.name === name);

function requireOwnPassword(home: string): void {
  const from = sourceOf(home, 'POSTGRES_PASSWORD')?.from;
  if (!from) return;
  throw new ConfigError(
    `The database's password comes from ${from}, which can't be written from here. Take ${from} out, with the password in secrets/postgres-password, and run this again.`,
  );
}

function requireWritable(home: string, url: string): void {
  const { source, from } = sourceOf(home, 'databaseUrl') ?? {};
  // The environment may have the same address as the file.
  if (source !== 'config.json' || !isInFile(home, url)) {
    throw new ConfigError(
      `The database's address comes from ${from}, which can't be written from here. Stop what runs, change the password with \\password in psql, and change ${from}.`,
    );
  }
  if (passwordOf(url) === undefined)
    throw new ConfigError('The address of the database has no password in it: there is none to change.');
}

async function lockOutServers(url: string): Promise<{ release(): Promise<void> }> {
  try {
    return await takeServerLock(url, false, () => {});
  } catch (error) {
    if (!(error instanceof AnotherServerError)) throw error;
    throw new DatabaseRefusedError(
      'A server runs on this database, and could not connect with its old password any more. Stop it, run this again and start it: that takes a few seconds.',
    );
  }
}

/** In one transaction, on a connection that is open already: the next one needs the new password. Returns the role. */
async function setPassword({ app, em, actor }: Context, password: string): Promise<string> {
  return await em.fork().transactional(async (tx) => {
    const { role } = await queryRow<{ role: string }>(tx, 'SELECT quote_ident(current_user) AS role');
    // A verifier has no quotes in it.
    await query(tx, `ALTER ROLE ${role} PASSWORD '${scramVerifier(password)}'`);
    await recordSecurity(tx, {
      type: 'secrets_rotated',
      shopId: null,
      at: app.now(),
      actor: eventActor(actor),
      details: { name: 'database-password' },
    });
    return role;
  });
}

/** A pooler in between may know the old password only: then it is put back. Throws DatabaseRefusedError. */
async function requireOpens(context: Context, old: string, next: string): Promise<void> {
  try {
    await withClient(next, async () => {});
  } catch (error) {
    const { home } = context.app.config;
    await setPassword(context, passwordOf(old) as string);
    dropNextPassword(home);
    throw new DatabaseRefusedError(
      `The new password does not open the database (${(error as Error).message}) The old one was put back. Does a pooler such as PgBouncer have passwords of its own?`,
    );
  }
}
