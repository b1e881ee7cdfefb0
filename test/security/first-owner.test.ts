import { expect } from 'chai';
import type pg from 'pg';
import { systemContext } from '../../src/app.ts';
import { type Register, register as registerRoute } from '../../src/contract/auth.ts';
import type { ProblemError } from '../../src/contract/problem.ts';
import { register } from '../../src/core/auth/register.ts';
import { claimWithToken, issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { PASSWORD } from '../support/factories.ts';
import { addressOf, securityLog } from '../support/sign-in-parts.ts';

const HOUR_MS = 3_600_000;
const INSTALLATION = '00000000-0000-0000-0000-000000000000';

describe('the first owner', () => {
  let test: TestApp;
  let db: pg.Client;
  let now: Date;

  beforeEach(async () => {
    now = new Date();
    test = await startTestApp({ now: () => now });
    db = await test.database.connect();
  });
  afterEach(() => test.close());

  const issue = () => issueSetupToken(systemContext(test.app, 'test'));
  const claimOf = (setupToken: string, n = 0): Register => ({
    setupToken,
    name: 'Asha',
    email: `asha${n}@example.com`,
    password: PASSWORD,
    shop: { name: 'Kulfi Corner', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' },
  });
  const send = (body: Register) => clientOf(test.url).post(registerRoute.path, body);
  const claimFrom = async (address: string, token: string): Promise<string> => {
    const context = { app: test.app, em: test.app.orm.em.fork(), actor: null };
    return await register(context, claimOf(token), address).then(
      () => 'owner',
      ({ code }: ProblemError) => code,
    );
  };
  const countOf = async (table: string) =>
    (await db.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count as number;

  it('is one of fifty who claim with the right token at once, and the claim is closed for ever', async () => {
    const token = (await issue()) as string;
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => send(claimOf(token, n))));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).to.have.length(1);
    for (const { body } of answers.filter((answer) => answer !== made[0])) {
      // A slow machine has no time to hash all of their passwords; and of one address, twenty are looked at at once.
      expect(body.type.replace('urn:smoocho:problem:', '')).to.be.oneOf([
        'setup_refused',
        'too_busy',
        'too_many_requests',
      ]);
    }
    expect([await countOf('users'), await countOf('shops'), await countOf('sessions')]).to.deep.equal([
      1, 1, 0,
    ]);
    expect(made[0]?.body.shop.ownerId).to.equal(made[0]?.body.user.id);

    expect((await send(claimOf(token, 99))).status).to.equal(403);
    expect(await issue()).to.equal(null);
    // Not even when the owner's account is gone.
    await db.query("UPDATE users SET disabled_at = now(), role = 'cashier'");
    expect(await issue()).to.equal(null);
    expect((await send(claimOf(token, 99))).status).to.equal(403);
    expect((await db.query('SELECT token_hash, expires_at FROM setup')).rows).to.deep.equal([
      { token_hash: null, expires_at: null },
    ]);

    const claimed = await securityLog(test, 'setup_claimed');
    expect(claimed).to.have.length(1);
    expect(claimed[0]).to.deep.include({
      chain_id: INSTALLATION,
      address: '127.0.0.1',
      actor: { kind: 'user', id: made[0]?.body.user.id, name: 'Asha' },
      details: { email: made[0]?.body.user.email, by: 'setup token' },
    });
    const { id: shopId, name, code, ownerId } = made[0]?.body.shop ?? {};
    const [opened, ...others] = await securityLog(test, 'shop_created');
    expect(opened).to.deep.include({
      chain_id: shopId,
      address: '127.0.0.1',
      actor: claimed[0]?.actor,
      details: { name, code, ownerId },
    });
    expect(others).to.deep.equal([]);
  }).timeout(120_000);

  it('is not made by a token that is wrong, old, of another start or a part of one', async () => {
    const before = (await issue()) as string;
    const token = (await issue()) as string;
    for (const wrong of ['', 'x', before, token.slice(0, -1), `${token}x`, token.toUpperCase(), '\u0000']) {
      expect((await send(claimOf(wrong))).status, wrong).to.be.oneOf([403, 422]);
    }
    now = new Date(now.getTime() + 24 * HOUR_MS);
    expect((await send(claimOf(token))).status).to.equal(403);
    expect(await countOf('users')).to.equal(0);
    const failed = await securityLog(test, 'setup_failed');
    expect(failed.length).to.be.within(7, 8);
    expect(JSON.stringify(failed)).to.not.include(token.slice(0, 10));
    now = new Date(now.getTime() - 1);
    expect((await send(claimOf(token))).status).to.equal(201);
  });

  it('is kept out by nobody who tries tokens from one address, or from many, and the log stays short', async () => {
    const token = (await issue()) as string;
    const flood: string[] = [];
    for (let n = 0; n < 150; n += 1) flood.push(await claimFrom(addressOf(1), `wrong-${n}`));
    expect(flood.filter((code) => code === 'setup_refused')).to.have.length(20);
    expect(flood.filter((code) => code === 'too_many_requests')).to.have.length(130);
    // Also the right one: it was found by somebody who floods.
    expect(await claimFrom(addressOf(1), token)).to.equal('too_many_requests');
    for (let n = 2; n < 120; n += 1) {
      expect(await claimFrom(addressOf(n), `wrong-${n}`)).to.equal('setup_refused');
    }
    expect(await securityLog(test, 'setup_failed')).to.have.length(100);
    expect(await claimFrom(addressOf(50), token)).to.equal('owner');
  });

  it('is looked for by twenty wrong tokens at once, and no more', async () => {
    await issue();
    const flood = await Promise.all(
      Array.from({ length: 150 }, (_, n) => claimFrom(addressOf(1), `wrong-${n}`)),
    );
    expect(flood.filter((code) => code === 'setup_refused')).to.have.length(20);
    expect(flood.filter((code) => code === 'too_many_requests')).to.have.length(130);
    expect(await securityLog(test, 'setup_failed')).to.have.length(20);
  });

  it('has a password that is hashed before there is a transaction: hashing takes long, and would hold a connection', async () => {
    const token = (await issue()) as string;
    const context = { app: test.app, em: test.app.orm.em.fork() };
    let transactions = 0;
    const count = () => {
      transactions += 1;
    };
    context.em.getEventManager().registerSubscriber({ beforeTransactionStart: count });
    const { setupToken: _, shop, ...owner } = claimOf(token);
    const claimWith = (password: string) =>
      claimWithToken(context, token, { ...owner, password }, shop, addressOf(1));
    // Refused when it is about to be hashed.
    const refused: ProblemError = await claimWith('password123').catch((thrown) => thrown);
    expect([refused.code, transactions]).to.deep.equal(['invalid_request', 0]);
    expect((await claimWith(PASSWORD)).user.email).to.equal(owner.email);
    expect(transactions).to.be.above(0);
  });

  it('is the only one who gets in: no other way makes an owner, and there is no password to begin with', async () => {
    expect(await countOf('users')).to.equal(0);
    const { setupToken: _, ...body } = claimOf('');
    expect((await send({ ...body, role: 'owner' })).status).to.equal(401);
    for (const password of ['admin', 'password', 'smoocho', 'changeme']) {
      const login = { email: 'admin@example.com', password };
      expect((await clientOf(test.url).post('/api/auth/login', login)).status).to.equal(401);
    }
  });
});
