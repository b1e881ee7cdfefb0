import { chmodSync, copyFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';
import { createApp, systemContext, WrongKeyError } from '../../src/app.ts';
import { mayHaveOtherMachines } from '../../src/core/keys/other-machines.ts';
import { rotateSecrets } from '../../src/core/keys/rotate-secrets.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, signIn, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** Two machines have one; that it is away changes nothing here. */
const redisUrl = 'redis://127.0.0.1:1';

describe('whether a database may have other machines', () => {
  const cases: [string | undefined, string | undefined, boolean][] = [
    [undefined, undefined, false],
    [undefined, redisUrl, false],
    ['postgres://shop@localhost/shop', undefined, false],
    ['postgres://shop@127.0.0.1:5433/shop', undefined, false],
    ['postgres://shop@[::1]/shop', undefined, false],
    ['postgres:///shop?host=/var/run/postgresql', undefined, false],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/shop', undefined, false],
    ['postgres://shop@localhost/shop', redisUrl, true],
    ['postgres://shop@10.0.0.5/shop', undefined, true],
    ['postgres://shop@127.0.0.1.example.com/shop', undefined, true],
    ['postgres://shop@localhost/shop?host=db.example.com', undefined, true],
    ['/var/run/postgresql shop', undefined, true],
  ];
  for (const [databaseUrl, redis, expected] of cases) {
    it(`is ${expected} of ${databaseUrl ?? 'the embedded one'}${redis ? ' with a Redis' : ''}`, () => {
      expect(mayHaveOtherMachines({ databaseUrl, redisUrl: redis })).to.equal(expected);
    });
  }
});

describe('two machines with a copy each of the master key', () => {
  let here: TestApp;
  let there: TestApp;
  let shop: TestShop;
  let copy: string;
  let errors: { msg: string; err: { message: string } }[];

  beforeEach(async () => {
    here = await startTestApp({ redisUrl });
    shop = await givenShop(here, 'TWIN');
    copy = tempFolder();
    cpSync(here.home, copy, { recursive: true });
    errors = [];
    const log = pino({ level: 'error' }, { write: (line) => errors.push(JSON.parse(line)) });
    there = await startTestApp({ beside: here, home: copy, redisUrl, log });
  });
  afterEach(async () => {
    await there.close();
    await here.close();
    removeFolder(copy);
  });

  const keyFile = (home: string) => join(home, 'secrets', 'master-key');
  const rotate = async (part?: 'keys' | 'master-key') => {
    const rotated = await rotateSecrets(systemContext(here.app, 'test'), part);
    await here.app.keys.reload();
    return rotated;
  };
  const statusThere = async (token: string | null) =>
    (await clientOf(there.url, token).get(shop.path)).status;
  const tokenOfHere = async () => (await signIn(here, shop.emails.cashier)).token;
  const restartThere = async () => await (await createApp(there.app.config)).close();

  it('both go on after the keys are changed on one, which leaves the master key as it is', async () => {
    const before = readFileSync(keyFile(here.home), 'utf8');
    const { tokenKey, masterKeyFile } = await rotate();
    expect(masterKeyFile).to.equal(null);
    const token = await tokenOfHere();
    expect(jwt.decode(token as string, { complete: true })?.header.kid).to.equal(tokenKey);
    expect(await statusThere(token)).to.equal(200);
    expect(readFileSync(keyFile(here.home), 'utf8')).to.equal(before);
    await restartThere();
    expect(errors).to.deep.equal([]);
  });

  it('both serve on when the master key alone is replaced, until its file is copied', async () => {
    const { tokenKey, masterKeyFile } = await rotate('master-key');
    expect([tokenKey, masterKeyFile]).to.deep.equal([null, keyFile(here.home)]);
    await there.app.keys.reload();
    expect(await statusThere(await tokenOfHere())).to.equal(200);
    expect(
      await restartThere().then(
        () => null,
        (error) => error,
      ),
    ).to.be.instanceOf(WrongKeyError);
    copyFileSync(keyFile(here.home), keyFile(copy));
    await restartThere();
    await rotate();
    expect(await statusThere(await tokenOfHere())).to.equal(200);
    expect(errors).to.deep.equal([]);
  });

  it('the one that can not open new keys goes on with those it has, says so once, and mends itself', async () => {
    await rotate('master-key');
    await rotate('keys');
    const token = await tokenOfHere();
    expect([await statusThere(token), await statusThere(token)]).to.deep.equal([401, 401]);
    expect(await statusThere(shop.cashier.token)).to.equal(200);
    const { token: own } = await signIn(there, shop.emails.cashier);
    expect([await statusThere(own), (await clientOf(here.url, own).get(shop.path)).status]).to.deep.equal([
      200, 200,
    ]);
    expect(errors.map(({ msg }) => msg)).to.deep.equal([
      'There are new keys that do not open here. This server goes on with those that it has, and refuses tokens of the new ones.',
    ]);
    expect(errors[0]?.err.message).to.include(`${keyFile(copy)} is not the one`);
    copyFileSync(keyFile(here.home), keyFile(copy));
    expect(await statusThere(token)).to.equal(200);
  });

  it('a key file that others can read is no reason to fail: what it would open is refused', async () => {
    await rotate();
    chmodSync(keyFile(copy), 0o644);
    const forged = jwt.sign({}, 'x', { keyid: 'aaaaaaaaaaaa' });
    expect([await statusThere(forged), await statusThere(shop.cashier.token)]).to.deep.equal([401, 200]);
    expect(errors.map(({ err }) => err.message)).to.deep.equal([
      `${keyFile(copy)} can be read by others. Close it: chmod 600 ${keyFile(copy)}`,
    ]);
    chmodSync(keyFile(copy), 0o600);
    expect(await statusThere(await tokenOfHere())).to.equal(200);
  });
});
