import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client } from 'pg';
import { withCopyClient } from '../../src/backup/database/copy-client.ts';
import { beginSnapshot } from '../../src/backup/database/snapshot.ts';
import { BackupRefusedError } from '../../src/backup/errors.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { takeBackupLock } from '../../src/backup/lock.ts';
import { figuresStay } from '../../src/backup/upgrade-schema.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { loadConfig } from '../../src/config.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenBusyShop } from '../support/busy-shop.ts';
import { type Box, backUp } from '../support/restore-parts.ts';

/** Rewrites every row, as a migration that changes a column's type does. */
const REWRITE = "ALTER TABLE order_lines ALTER COLUMN name TYPE text USING name || ''";

describe('a backup while the schema changes', () => {
  let test: TestApp;
  let box: Box;

  before(async () => {
    test = await startTestApp();
    await givenBusyShop(test, 'BUSY');
    const config = loadConfig({ home: test.home }, { DATABASE_URL: test.database.url, LOG_LEVEL: 'silent' });
    box = { home: test.home, database: test.database, config };
  });
  after(() => test.close());

  const rowsOf = async (file: string) => {
    const { manifest, findings } = await readBack(file, [(await boxKey(test.home)).identity]);
    expect(findings).to.deep.equal([]);
    return Object.fromEntries((manifest?.tables ?? []).map(({ name, rows }) => [name, rows]));
  };
  const errorOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
  const untilTried = async (db: Client) => {
    for (const late = Date.now() + 15_000; Date.now() < late; await sleep(20)) {
      const { rows } = await db.query('SELECT query FROM pg_stat_activity WHERE application_name = $1', [
        'smoocho backup',
      ]);
      if (rows.some(({ query }) => /LOCK TABLE|ROLLBACK/.test(query))) return;
    }
    throw new Error('No backup wanted the tables.');
  };

  it('has the rows of a table that was rewritten while it began, and holds up nobody who changes more', async () => {
    const [db, other] = [await test.database.connect(), await test.database.connect()];
    const { rows } = await db.query('SELECT count(*)::int AS n FROM order_lines');
    await db.query(`BEGIN; SET LOCAL lock_timeout = '10s'; ${REWRITE}`);
    const made = backUp(box);
    await untilTried(other);
    // A backup that stands in line with some tables locked would now wait for this one, and this one for it.
    await db.query("ALTER TABLE users ALTER COLUMN name TYPE text USING name || ''");
    await db.query('COMMIT');
    const counts = await rowsOf((await made).file);
    expect(counts.order_lines).to.equal(rows[0].n).and.be.above(10);
    expect(counts.users).to.be.above(2);
    await Promise.all([db.end(), other.end()]);
  });

  it('is refused while the program brings the schema up to date, which waits for one that is being made', async () => {
    const [db, other] = [await test.database.connect(), await test.database.connect()];
    const check = figuresStay();
    await db.query('BEGIN');
    await check.begin(db);
    expect(await errorOf(backUp(box)))
      .to.be.instanceOf(BackupRefusedError)
      .and.include({ isBusy: true });
    await check.end(db);
    await db.query('COMMIT');
    await takeBackupLock(other);
    await db.query('BEGIN');
    expect(await errorOf(figuresStay().begin(db)))
      .to.be.instanceOf(BackupRefusedError)
      .and.include({ isBusy: true });
    await db.query('ROLLBACK');
    await Promise.all([db.end(), other.end()]);
  });

  it('says so when the schema is changed for too long', async () => {
    const db = await test.database.connect();
    await db.query(`BEGIN; ${REWRITE}`);
    const work = withCopyClient(box.database.url, (client) => beginSnapshot(client, 300));
    const error = await errorOf(work);
    await db.query('ROLLBACK');
    await db.end();
    expect(error).to.be.instanceOf(BackupRefusedError).and.include({ isBusy: true });
  });
});
