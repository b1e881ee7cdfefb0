import { existsSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import pg from 'pg';
import { createApp, systemContext } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { rotateSecrets } from '../../src/core/keys/rotate-secrets.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { smoocho, startSmoocho } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenShop, signIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const kidOf = (token: string | null) => jwt.decode(token as string, { complete: true })?.header.kid as string;

describe('smoocho secrets rotate', () => {
  let home: string;
  let database: TestDatabase;
  let db: pg.Client;

  beforeEach(async () => {
    home = tempFolder();
    database = await testDatabase();
    db = await database.connect();
    await expectToOpen();
  });
  afterEach(async () => {
    await database.drop();
    removeFolder(home);
  });

  const env = (more = {}) => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url, MASTER_KEY: '', ...more });
  const file = () => join(home, 'secrets', 'master-key');
  const next = () => `${file()}.next`;
  const rotate = (args: string[] = [], more = {}) => smoocho(['secrets', 'rotate', ...args], env(more));
  const keyRows = async () =>
    (await db.query('SELECT id, purpose, wrapped, retired_at FROM keys ORDER BY created_at, id')).rows;
  const current = async (purpose: string) =>
    (await keyRows()).filter((row) => row.purpose === purpose && !row.retired_at).map(({ id }) => id);
  const openApp = () => createApp(loadConfig({ home }, { ...env(), LOG_LEVEL: 'silent' }));
  const expectToOpen = async () => await (await openApp()).close();
  const rotateHere = async () => {
    const app = await openApp();
    await rotateSecrets(systemContext(app, 'test')).finally(app.close);
  };

  it('makes new keys of tokens and seals and a new master key, and wraps all anew; the records say so', async () => {
    const [before, oldMaster] = [await keyRows(), readFileSync(file(), 'utf8')];
    const app = await openApp();
    const bytes = Buffer.from('a seal');
    const sealed = app.keys.sign(bytes);
    const pin = app.keys.hmac('pin', '1234');
    await app.close();
    const { code, stdout, stderr } = await rotate(['--json']);
    expect([code, stderr]).to.deep.equal([0, '']);
    const rotated = JSON.parse(stdout);
    expect(rotated).to.deep.equal({
      tokenKey: (await current('token'))[0],
      auditKey: (await current('audit'))[0],
      masterKeyFile: file(),
    });
    const master = readFileSync(file(), 'utf8');
    expect([master === oldMaster, existsSync(next())]).to.deep.equal([false, false]);
    const after = await keyRows();
    expect(after).to.have.length(before.length + 2);
    for (const row of before) {
      const same = after.find(({ id }) => id === row.id);
      expect([same.wrapped.equals(row.wrapped), same.retired_at !== null]).to.deep.equal([
        false,
        ['token', 'audit'].includes(row.purpose),
      ]);
    }
    const again = await openApp();
    expect(again.keys.verifySignature(sealed.keyId, bytes, sealed.signature)).to.equal(true);
    expect(again.keys.sign(bytes).keyId).to.equal(rotated.auditKey);
    expect(again.keys.hmac('pin', '1234').equals(pin)).to.equal(true);
    await again.close();
    const { rows } = await db.query("SELECT actor, details FROM security_log WHERE type = 'secrets_rotated'");
    const { masterKeyFile: _, ...ids } = rotated;
    expect(rows).to.deep.equal([
      {
        actor: { kind: 'system', id: null, name: 'cli', account: userInfo().username },
        details: { ...ids, masterKey: true },
      },
    ]);
    expect(JSON.stringify([rotated, rows])).to.not.include(master);
  });

  it('killed before the keys are written leaves the old master key in use', async () => {
    const old = readFileSync(file(), 'utf8');
    await db.query('BEGIN; LOCK TABLE keys IN SHARE MODE');
    const child = startSmoocho(['secrets', 'rotate'], env());
    await until(() => existsSync(next()), 15_000);
    child.kill('SIGKILL');
    await db.query('ROLLBACK');
    await expectToOpen();
    expect(readFileSync(file(), 'utf8')).to.equal(old);
    await rotateHere();
    expect(existsSync(next())).to.equal(false);
    await expectToOpen();
  }).timeout(120_000);

  it('cut off between the commit and the new name of the file is ended by whatever starts next', async () => {
    const old = readFileSync(file(), 'utf8');
    for (const mend of [expectToOpen, rotateHere]) {
      await rotateHere();
      const fresh = readFileSync(file(), 'utf8');
      renameSync(file(), next());
      writeFileSync(file(), old, { mode: 0o600 });
      await mend();
      expect(existsSync(next())).to.equal(false);
      expect(readFileSync(file(), 'utf8')).to.not.equal(old);
      await expectToOpen();
      expect(fresh).to.not.equal(old);
    }
    // What was cut off while it was written is no key, and in nobody's way.
    writeFileSync(next(), 'half a k', { mode: 0o600 });
    await expectToOpen();
    await rotateHere();
    await expectToOpen();
  });

  it('killed at any moment leaves keys that open', async () => {
    for (const waitMs of [0, 2, 5, 10, 20, 40]) {
      const began = new Promise<void>((resolve) => {
        const watching = watch(join(home, 'secrets'), () => {
          watching.close();
          resolve();
        });
      });
      const child = startSmoocho(['secrets', 'rotate'], env());
      await began;
      await sleep(waitMs);
      child.kill('SIGKILL');
      await expectToOpen();
      expect(await current('token')).to.have.length(1);
    }
  }).timeout(120_000);

  it('twice at once is one after the other', async () => {
    const both = await Promise.all([rotate(), rotate()]);
    expect(both.map(({ code }) => code)).to.deep.equal([0, 0]);
    expect((await keyRows()).filter(({ purpose }) => purpose === 'token')).to.have.length(3);
    await expectToOpen();
  }).timeout(120_000);

  it('leaves a master key of the environment, and wraps all keys with another one that it is told', async () => {
    const [MASTER_KEY, fresh] = [readFileSync(file(), 'utf8'), join(home, 'new.key')];
    const kept = await rotate([], { MASTER_KEY });
    expect(kept.stdout).to.include('The master key stayed, for it comes from the environment');
    await expectToOpen();
    const keys = await keyRows();
    const changed = await rotate(['--new-master-key-file', fresh], { MASTER_KEY });
    expect([changed.code, changed.stdout]).to.deep.equal([
      0,
      `All keys are wrapped with the master key in ${fresh}. Restart each server with MASTER_KEY_FILE=${fresh}, and keep a copy of it apart from the database.\n`,
    ]);
    expect((await keyRows()).map(({ id }) => id)).to.deep.equal(keys.map(({ id }) => id));
    const nothingNew = await rotate(['--new-master-key-file', fresh], { MASTER_KEY_FILE: fresh });
    expect([nothingNew.code, nothingNew.stdout, nothingNew.stderr]).to.deep.equal([
      2,
      '',
      `${fresh} holds the master key that is in use: nothing would change. Name a file that is not there, and a new key is made in it.\n`,
    ]);
    const withOld = await rotate(['--new-master-key-file', fresh], { MASTER_KEY });
    expect(withOld.code).to.equal(6);
    writeFileSync(file(), readFileSync(fresh));
    await expectToOpen();
    expect((await rotate(['--new-master-key-file', fresh])).code).to.equal(2);
    const [tokenKey] = await current('token');
    expect((await rotate(['--keep-master-key'])).stdout).to.match(/\nThe master key stayed\.\n$/);
    expect([readFileSync(file(), 'utf8'), existsSync(next())]).to.deep.equal([
      readFileSync(fresh, 'utf8'),
      false,
    ]);
    expect(await current('token')).to.not.deep.equal([tokenKey]);
  }).timeout(120_000);

  it('keeps the master key where several machines may have it, says so, and replaces it alone when told', async () => {
    const shared = { REDIS_URL: 'redis://127.0.0.1:1' };
    const old = readFileSync(file(), 'utf8');
    const kept = await rotate([], shared);
    expect([kept.code, kept.stdout]).to.deep.equal([
      0,
      `Tokens and seals have new keys. Running servers use them within ten seconds; nobody is signed out.
The master key stayed, for other machines may use this database, each with a copy of it. Replace it with --replace-master-key.
`,
    ]);
    expect(readFileSync(file(), 'utf8')).to.equal(old);
    const ids = (await keyRows()).map(({ id }) => id);
    const replaced = await rotate(['--replace-master-key'], shared);
    expect([replaced.code, replaced.stdout]).to.deep.equal([
      0,
      `All keys are wrapped with the master key in ${file()}. Copy it to every other machine on this database before the next change or start there: what runs goes on until then. And keep a copy of it apart from the database.\n`,
    ]);
    expect(readFileSync(file(), 'utf8')).to.not.equal(old);
    expect((await keyRows()).map(({ id }) => id)).to.deep.equal(ids);
    await expectToOpen();
    const both = await rotate(['--replace-master-key', '--keep-master-key'], shared);
    expect([both.code, both.stderr]).to.deep.equal([
      2,
      '--keep-master-key, --replace-master-key and --new-master-key-file exclude each other.\n',
    ]);
    const named = await rotate(['--replace-master-key'], { MASTER_KEY: readFileSync(file(), 'utf8') });
    expect([named.code, named.stderr]).to.deep.equal([
      2,
      '--replace-master-key is for a master key under the home. This one comes from the environment: use --new-master-key-file FILE.\n',
    ]);
  }).timeout(120_000);
});

describe('servers that run while keys are changed', () => {
  let test: TestApp;
  let beside: TestApp;
  let shop: TestShop;
  let now: () => Date;

  beforeEach(async () => {
    now = () => new Date();
    test = await startTestApp({ now: () => now() });
    beside = await startTestApp({ beside: test, now: () => now() });
    shop = await givenShop(test, 'KEYS');
  });
  afterEach(async () => {
    await beside.close();
    await test.close();
  });

  const rotate = () => rotateSecrets(systemContext(test.app, 'test'));
  const statusAt = async (at: TestApp, token: string | null) =>
    (await clientOf(at.url, token).get(shop.path)).status;

  it('take a token at once that another one signed with a key that they have not seen', async () => {
    const old = shop.cashier.token;
    await rotate();
    await test.app.keys.reload();
    const { token } = await signIn(test, shop.emails.cashier);
    expect(kidOf(token)).to.not.equal(kidOf(old));
    expect(await statusAt(beside, token)).to.equal(200);
    expect([await statusAt(test, old), await statusAt(beside, old)]).to.deep.equal([200, 200]);
    const { token: fromBeside } = await signIn(beside, shop.emails.cashier);
    expect(kidOf(fromBeside)).to.equal(kidOf(token));
  });

  it('trust a key of tokens for an hour after it was replaced, and then no more', async () => {
    const { id: keyid, key } = test.app.keys.tokenKey();
    const forge = () => {
      const { iat: _, exp: __, ...claims } = jwt.decode(shop.cashier.token as string) as jwt.JwtPayload;
      const iat = Math.floor(now().getTime() / 1000);
      return jwt.sign({ ...claims, iat, exp: iat + 900 }, key, { keyid, algorithm: 'HS256' });
    };
    await rotate();
    await test.app.keys.reload();
    const start = Date.now();
    now = () => new Date(start + 55 * 60_000);
    expect(await statusAt(test, forge())).to.equal(200);
    now = () => new Date(start + 61 * 60_000);
    expect(await statusAt(test, forge())).to.equal(401);
    await rotate();
    await beside.app.keys.reload();
    expect(await statusAt(beside, forge())).to.equal(401);
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT id FROM keys WHERE id = $1', [keyid]);
    expect(rows).to.deep.equal([]);
  });

  it('look for keys once at a time, however many tokens name keys that never were', async () => {
    await rotate();
    await test.app.keys.reload();
    const { token } = await signIn(test, shop.emails.cashier);
    const { atOnce, count, restore } = countKeyReads();
    const began = Date.now();
    const forged = Array.from({ length: 200 }, (_, n) =>
      jwt.sign({}, 'x', { keyid: `AAAAAAAAA${String(n).padStart(3, '0')}` }),
    );
    const statuses = await Promise.all([...forged, token].map((each) => statusAt(beside, each)));
    restore();
    expect(statuses.filter((status) => status === 401)).to.have.length(200);
    expect(statuses.at(-1)).to.equal(200);
    expect(atOnce()).to.equal(1);
    expect(count()).to.be.within(1, (Date.now() - began) / 10);
  });

  /** How often the keys were read, and how many of these reads ran at once. */
  function countKeyReads() {
    const prototype = pg.Client.prototype as unknown as { query(...given: unknown[]): unknown };
    const { query } = prototype;
    let [running, most, all] = [0, 0, 0];
    prototype.query = function (this: unknown, ...given: unknown[]) {
      const { text = given[0] } = given[0] as { text?: string };
      const sent = query.apply(this, given);
      if (!/FROM keys/.test(String(text))) return sent;
      all += 1;
      running += 1;
      most = Math.max(most, running);
      const end = () => {
        running -= 1;
      };
      void (sent as Promise<unknown>).then(end, end);
      return sent;
    };
    return {
      atOnce: () => most,
      count: () => all,
      restore: () => {
        prototype.query = query;
      },
    };
  }
});
