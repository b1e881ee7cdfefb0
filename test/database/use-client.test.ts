import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import { withClient } from '../../src/database/migrate.ts';
import { testDatabase } from '../support/database.ts';

/** Sessions that wait for the lock of a database, which a rename holds until its transaction ends. */
const WAITING = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'object' AND classid = 'pg_database'::regclass AND objid = $1`;

describe('a connection to a database by its name', () => {
  it('is made to the new one when two swap their names in that moment', async () => {
    const [live, next, other] = [await testDatabase(), await testDatabase(), await testDatabase()];
    const [liveName, nextName] = [live, next].map(({ url }) => new URL(url).pathname.slice(1));
    const swapper = await other.connect();
    const oidOf = async (name?: string) =>
      (await swapper.query('SELECT oid FROM pg_database WHERE datname = $1', [name])).rows[0].oid;
    const [before, after] = [await oidOf(liveName), await oidOf(nextName)];
    await swapper.query('BEGIN');
    await swapper.query(`ALTER DATABASE ${liveName} RENAME TO ${liveName}_before`);
    await swapper.query(`ALTER DATABASE ${nextName} RENAME TO ${liveName}`);
    const connected = withClient(live.url, async (client) => {
      const { rows } = await client.query('SELECT oid FROM pg_database WHERE datname = current_database()');
      return rows[0].oid;
    });
    while ((await swapper.query(WAITING, [before])).rowCount === 0) await sleep(20);
    await swapper.query(`ALTER DATABASE ${liveName}_before RENAME TO ${nextName}`);
    await swapper.query('COMMIT');
    expect(await connected).to.equal(after);
    for (const database of [live, next, other]) await database.drop();
  });

  it('fails when there is none of that name, and says so', async () => {
    const database = await testDatabase({ migrated: false });
    await database.drop();
    const error = await withClient(database.url, async () => {}).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect((error as Error).message).to.match(
      /^The database at .* can't be reached \(database .* does not exist\)/,
    );
  });
});
