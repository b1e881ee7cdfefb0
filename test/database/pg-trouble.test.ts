import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type pg from 'pg';
import { failureOf } from '../../src/cli/failure.ts';
import { binaryPackage } from '../../src/database/embedded-binaries.ts';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import { pgTroubles, type Trouble, troubleOf } from '../../src/database/pg-trouble.ts';
import { query } from '../../src/database/query.ts';
import { openTroubles } from '../../src/server/trouble.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { givenShop, type TestShop } from '../support/factories.ts';

const CLASSES = ['08', '40', '53', '55', '57', '58'];
const UNAVAILABLE = 'urn:smoocho:problem:unavailable';

/** The list that PostgreSQL itself is built from: code, severity, macro, name. */
function codesOfPostgres(): string[] {
  const list = readFileSync(join(binaryPackage(), 'native/share/postgresql/errcodes.txt'), 'utf8');
  const codes = [...list.matchAll(/^([0-9A-Z]{5})\s+E\s+ERRCODE_/gm)].map(([, code]) => code as string);
  return codes.filter((code) => CLASSES.includes(code.slice(0, 2)));
}

const RAISING = `
  CREATE TABLE raised (code text);
  CREATE TABLE held ();
  CREATE FUNCTION raise_it() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE wanted text := (SELECT code FROM raised);
  BEGIN
    IF wanted = 'locked' THEN
      PERFORM set_config('lock_timeout', '20ms', true);
      LOCK TABLE held;
    ELSIF wanted IS NOT NULL THEN RAISE EXCEPTION 'raised for a test' USING ERRCODE = wanted; END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER raise_it BEFORE INSERT ON inventory_items FOR EACH ROW EXECUTE FUNCTION raise_it()`;

describe('passing trouble of the database', () => {
  let test: TestApp;
  let shop: TestShop;
  let db: pg.Client;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PASS');
    db = await test.database.connect();
    await db.query(RAISING);
  });
  after(() => test.close());

  const addItem = (): Promise<Answer> =>
    shop.manager.post(`${shop.path}/inventory`, { name: randomUUID(), unit: 'l', quantity: '1' });
  const readyz = async () => {
    const answer = await fetch(`${test.url}/readyz`);
    const { status: says } = (await answer.json()) as { status: string };
    return { status: answer.status, says };
  };
  /** What /readyz said first that is this, within two seconds from now; else what it said last. */
  const readyzWithin2s = async (wanted: string) => {
    for (const late = performance.now() + 2_000; ; ) {
      const found = await readyz();
      if (found.says === wanted || performance.now() > late) return found;
    }
  };

  it('is in one table, which has every code of PostgreSQL’s classes for it', () => {
    const codes = codesOfPostgres();
    expect(codes).to.have.length.above(30);
    expect(codes.filter((code) => !Object.hasOwn(pgTroubles, code))).to.deep.equal([]);
  });

  it('is answered 503 with Retry-After, whichever of these codes it is', async () => {
    for (const [code, kind] of Object.entries(pgTroubles)) {
      await db.query('DELETE FROM raised');
      await db.query('INSERT INTO raised VALUES ($1)', [code]);
      const { status, body, headers } = await addItem();
      if (kind === 'program') {
        expect([status, body.type], code).to.deep.equal([500, 'urn:smoocho:problem:internal']);
        continue;
      }
      expect([status, body.type], code).to.deep.equal([503, UNAVAILABLE]);
      expect(Number(headers.get('retry-after')), code).to.be.at.least(1);
      expect(body.detail, code).to.match(/now\. Send the same again, with the same id/);
    }
    await db.query('DELETE FROM raised');
    expect((await addItem()).status).to.equal(201);
  });

  it('is a sentence on the command line, too, with the exit code of what it is', () => {
    for (const [code, kind] of Object.entries(pgTroubles)) {
      const { message, exitCode } = failureOf(Object.assign(new Error('raised for a test'), { code }));
      if (kind === 'program') expect(message, code).to.equal('raised for a test');
      else expect(message, code).to.match(/^(The|Every|Something|Others) .*try again\.$/);
      expect(exitCode, code).to.be.oneOf([1, 5]);
    }
  });

  it('is found below an error of ours, and in no other', () => {
    const cause = Object.assign(new Error('no space'), { code: '53100' });
    expect(troubleOf(new DatabaseUnreachableError('gone', { cause }))?.kind).to.equal('full');
    expect(troubleOf(new DatabaseUnreachableError('gone'))?.kind).to.equal('gone');
    for (const code of ['23505', 'SM001', '42P01', 'ENOSPC', 'constructor']) {
      expect(troubleOf(Object.assign(new Error('no'), { code })), code).to.equal(undefined);
    }
  });

  it('stops sales where it is a full disk: /readyz says so at once', async () => {
    await db.query("INSERT INTO raised VALUES ('53100')");
    await addItem();
    const { status, says } = await readyz();
    expect([status, says]).to.deep.equal([503, 'the disk of the database is full']);
    await db.query('DELETE FROM raised');
  });

  it('is a lock that another session holds', async () => {
    await db.query("INSERT INTO raised VALUES ('locked')");
    await db.query('BEGIN; LOCK TABLE held');
    const { status, body } = await addItem();
    await db.query('ROLLBACK; DELETE FROM raised');
    expect([status, body.type]).to.deep.equal([503, UNAVAILABLE]);
    expect(body.detail).to.match(/^Something else holds what this would change now\./);
  });

  it('is a database that ends the connection, as when it restarts', async () => {
    await db.query('BEGIN; LOCK TABLE inventory_items');
    const added = addItem();
    const WAITING =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while ((await db.query(WAITING)).rowCount === 0);
    const { status, body } = await added;
    await db.query('ROLLBACK');
    expect([status, body.type]).to.deep.equal([503, UNAVAILABLE]);
    expect(body.detail).to.match(/^The database can not be reached now\./);
    expect((await addItem()).status).to.equal(201);
  });

  it('is a pool without a free connection, and /readyz says so within two seconds', async () => {
    const { most } = test.app.pool();
    const held = Array.from({ length: most }, () => query(test.app.orm.em.fork(), 'SELECT pg_sleep(30)'));
    const ended = Promise.allSettled(held);
    const inUse = 'every connection to the database is in use';
    const [found, late] = await Promise.all([readyzWithin2s(inUse), addItem()]);
    await db.query('SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = $1', [
      'SELECT pg_sleep(30)',
    ]);
    await ended;
    expect([found.status, found.says]).to.deep.equal([503, inUse]);
    expect([late.status, late.body.type]).to.deep.equal([503, UNAVAILABLE]);
    expect(late.body.detail).to.match(/^Every connection to the database is in use now\./);
    expect((await readyz()).says).to.be.oneOf(['ready', 'the disk of the database is full']);
  });
});

describe('trouble that asking the database does not show', () => {
  it('is remembered for a while, if it stops sales', () => {
    let clock = 0;
    const troubles = openTroubles(() => clock);
    const note = (code: string) => troubles.note(troubleOf(Object.assign(new Error(), { code })) as Trouble);
    note('55P03');
    expect(troubles.current()).to.equal(undefined);
    note('53100');
    expect(troubles.current()).to.equal('the disk of the database is full');
    clock += 60_000;
    expect(troubles.current()).to.equal(undefined);
  });
});
