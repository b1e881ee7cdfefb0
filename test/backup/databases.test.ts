import { expect } from 'chai';
import pg from 'pg';
import { urlOfDatabase, withDatabases } from '../../src/backup/restore/databases.ts';
import { dropExpired } from '../../src/backup/restore/undo-restore.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';

const DAY_MS = 86_400_000;
const now = new Date('2026-11-29T22:30:00Z');

describe('the databases beside one that is restored', () => {
  let admin: pg.Client;
  let own: TestDatabase;
  const names: string[] = [];

  before(async () => {
    own = await testDatabase({ migrated: false });
    admin = await own.connect();
  });
  afterEach(async () => {
    for (const name of await there()) await admin.query(`DROP DATABASE "${name}" (FORCE)`);
    names.splice(0);
  });
  after(() => own.drop());

  /** Those whose names begin as one that a test has made. */
  const there = async () => {
    const { rows } = await admin.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database ORDER BY 1',
    );
    return rows
      .map(({ name }) => name)
      .filter((name) => names.some((made) => name.startsWith(made.slice(0, 6))));
  };
  const make = async (name: string) => {
    await admin.query(`CREATE DATABASE "${name}"`);
    names.push(name);
    return urlOfDatabase(own.url, name);
  };
  const id = (end: string) => `00000000-0000-4000-8000-0000${end}`;
  const kept = (daysAgo: number) =>
    ({ replacedAt: new Date(now.getTime() - daysAgo * DAY_MS).toISOString(), reason: 'restored' }) as const;

  it('are told from those of others, however long or alike their names are', async () => {
    const long = 'x_smoocho_of_all_shops_of_the_north_of_the_country_';
    const [first, second] = [await make(`${long}1`), await make(`${long}2`)];
    const inner = await make(`${long.slice(0, 20)}_before_1`);
    const outer = await make(long.slice(0, 20));
    const [a, b] = [first, second].map((url) => withDatabases(url, (each) => each.create(id('12345678'))));
    expect(await a).to.not.equal(await b);
    for (const url of [first, inner]) {
      await withDatabases(url, async (databases) => {
        await databases.swap(await databases.create(id('aaaaaaaa')), kept(0));
      });
    }
    const listed = (url: string) => withDatabases(url, (each) => each.listKept());
    expect(
      await Promise.all([first, inner, second, outer].map(listed)).then((all) =>
        all.map((one) => one.length),
      ),
    ).to.deep.equal([1, 1, 0, 0]);
    // What belongs to the others stays, whoever tidies up.
    for (const url of [first, inner, outer]) await withDatabases(url, (each) => each.dropLeftOvers());
    expect(await there()).to.include(await b);
    expect(await there()).to.not.include(await a);
  });

  it('of letters of several bytes have names that PostgreSQL takes', async () => {
    const name = `x_${'कुल्फ़ी'.repeat(2)}_दुकान`;
    expect(Buffer.byteLength(name)).to.be.above(35).and.below(64);
    const url = await make(name);
    await withDatabases(url, async (databases) => {
      const next = await databases.create(id('12345678'));
      expect(await there()).to.include(next);
      const before = await databases.swap(next, kept(0));
      expect(await databases.listKept()).to.deep.equal([{ ...kept(0), name: before }]);
    });
  });

  it('go when they were left by a killed restore, also while PostgreSQL is still at work for it', async () => {
    const url = await make('x_killed');
    const left = await withDatabases(url, (databases) => databases.create(id('12345678')));
    const client = new pg.Client({ connectionString: urlOfDatabase(own.url, left) });
    client.on('error', () => {});
    await client.connect();
    await withDatabases(url, (databases) => dropExpired(databases, now));
    expect(await there()).to.deep.equal(['x_killed']);
    await client.end();
  });

  it('that are empty are no place to go back to', async () => {
    const url = await make('x_killed');
    await withDatabases(url, async (databases) => {
      await databases.swapEmpty(await databases.create(id('12345678')));
      expect(await databases.listKept()).to.deep.equal([]);
    });
    expect(await there()).to.deep.equal(['x_killed']);
  });

  it('go after seven days, unless somebody looks at them', async () => {
    const url = await make('x_kept');
    const [old, looked] = await withDatabases(url, async (databases) => [
      await databases.swap(await databases.create(id('11111111')), kept(9)),
      await databases.swap(await databases.create(id('22222222')), kept(8)),
    ]);
    const client = new pg.Client({ connectionString: urlOfDatabase(own.url, looked as string) });
    client.on('error', () => {});
    await client.connect();
    expect(await withDatabases(url, (databases) => dropExpired(databases, now))).to.deep.equal([old]);
    expect(await there()).to.include(looked);
    await client.end();
  });
});
