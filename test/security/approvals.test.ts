import { mock } from 'node:test';
import { expect } from 'chai';
import type pg from 'pg';
import { ProblemError } from '../../src/contract/problem.ts';
import { approvalBounds, lookWithin } from '../../src/core/auth/login-throttle.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Client, clientOf } from '../support/client.ts';
import { givenProduct, givenShop, PASSWORD, saleOf, signIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { givenCopies, securityLog, WRONG } from '../support/sign-in-parts.ts';
import { givenPerson, type World } from '../support/world.ts';

describe('approvals with wrong passwords', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let db: pg.Client;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'APPR');
    product = await givenProduct(shop, { price: '100.00' });
    db = await test.database.connect();
  });
  afterEach(() => mock.timers.reset());
  after(() => test.close());

  /** A price that a cashier may not give alone. */
  const sell = (till: Client, email: string, password: string) =>
    till.post(`${shop.path}/orders`, {
      ...saleOf(product),
      items: [{ productId: product.id, quantity: 1, unitPrice: '1.00' }],
      approval: { email, password },
    });

  it('are recorded with who asked, and delay whoever asks, but nobody else', async () => {
    for (let n = 0; n < 5; n += 1) {
      const answer = await sell(shop.cashier, shop.emails.manager, WRONG);
      expect([answer.status, answer.body.type]).to.deep.equal([403, 'urn:smoocho:problem:approval_refused']);
    }
    const early = await sell(shop.cashier, shop.emails.manager, PASSWORD);
    expect([early.status, early.headers.get('retry-after')]).to.deep.equal([429, '1']);
    expect(early.body.detail).to.equal('Too many wrong approvals were tried. Try again in a second.');
    const [colleague] = (await givenCopies(test, shop.emails.cashier, 1)) as [string];
    expect((await sell(await signIn(test, colleague), shop.emails.manager, PASSWORD)).status).to.equal(201);
    expect((await signIn(test, shop.emails.manager)).token).to.be.a('string');

    const rows = await securityLog(test, 'approval_failed');
    expect(rows.map(({ details }) => details)).to.deep.equal([
      ...Array(5).fill({ email: shop.emails.manager }),
      { email: shop.emails.manager, seconds: 1 },
    ]);
    for (const { actor, chain_id } of rows) {
      expect([actor.name, chain_id]).to.deep.equal(['cashier of APPR', shop.id]);
    }
  });

  it('delay everybody who asks for the same approver once many asked, and keep the approver out of nothing else', async () => {
    const [owner] = (await givenCopies(test, shop.emails.owner, 1)) as [string];
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const never = async () => new ProblemError('too_many_requests');
    for (let n = 0; n < 60; n += 1) {
      const asking = { email: owner, shopId: shop.id, by: `cashier ${Math.floor(n / 5)}` };
      // Without the work of hashing each.
      expect(await lookWithin(approvalBounds(test.app, asking, never), async () => false)).to.equal(false);
    }
    const { accessToken } = await givenPerson({ test, db, shop } as World, 'cashier');
    const till = clientOf(test.url, accessToken);
    const late = await sell(till, owner, PASSWORD);
    expect([late.status, late.headers.get('retry-after')]).to.deep.equal([429, '1']);
    expect((await sell(till, shop.emails.manager, PASSWORD)).status).to.equal(201);
    expect((await signIn(test, owner)).token).to.be.a('string');
    mock.timers.setTime(Date.now() + 1_000);
    expect((await sell(till, owner, PASSWORD)).status).to.equal(201);
  });

  it('of nobody, of a cashier and of a manager who left are refused alike, and only known e-mails are kept', async () => {
    const [gone] = (await givenCopies(test, shop.emails.manager, 1)) as [string];
    await db.query('UPDATE users SET disabled_at = now() WHERE email = $1', [gone]);
    const [till] = (await givenCopies(test, shop.emails.cashier, 1)) as [string];
    const cashier = await signIn(test, till);
    const bodies: object[] = [];
    for (const email of ['hunter2@example.com', shop.emails.cashier, gone]) {
      const { status, body } = await sell(cashier, email, PASSWORD);
      const { instance: _, ...rest } = body;
      bodies.push({ status, ...rest });
    }
    expect(bodies[1]).to.deep.equal(bodies[0]);
    expect(bodies[2]).to.deep.equal(bodies[0]);
    const rows = await securityLog(test, 'approval_failed');
    expect(rows.slice(-3).map(({ details }) => details.email)).to.deep.equal([
      undefined,
      shop.emails.cashier,
      undefined,
    ]);
  });

  it('of one who names a hundred people are one too many, whoever is named next', async () => {
    const asking = (n: number) => ({ email: `person ${n}`, shopId: shop.id, by: 'a cashier with a list' });
    const ask = (n: number) => {
      const refuse = async () => new ProblemError('too_many_requests');
      return lookWithin(approvalBounds(test.app, asking(n), refuse), async () => false);
    };
    for (let n = 0; n < 100; n += 1) expect(await ask(n)).to.equal(false);
    const refused = await ask(100).catch((error: ProblemError) => error.code);
    expect(refused).to.equal('too_many_requests');
  });

  it('are looked at before the bill is locked: nobody waits for it while a password is hashed', async () => {
    const sold = await shop.cashier.post(`${shop.path}/orders`, {
      id: crypto.randomUUID(),
      items: [{ productId: product.id, quantity: 1 }],
    });
    const [till] = (await givenCopies(test, shop.emails.cashier, 1)) as [string];
    const cashier = await signIn(test, till);
    const before = (await securityLog(test, 'approval_failed')).length;
    await db.query('BEGIN');
    await db.query('SELECT FROM orders WHERE id = $1 FOR UPDATE', [sold.body.id]);
    const answer = cashier.put(`${shop.path}/orders/${sold.body.id}`, {
      discount: { type: 'percentage', value: '90', reason: 'because' },
      approval: { email: shop.emails.manager, password: WRONG },
    });
    await until(async () => (await securityLog(test, 'approval_failed')).length > before);
    await db.query('ROLLBACK');
    expect((await answer).status).to.equal(403);
    // What is wrong with the bill itself is still said first.
    const nowhere = await cashier.put(`${shop.path}/orders/${crypto.randomUUID()}`, {
      notes: 'x',
      approval: { email: shop.emails.manager, password: WRONG },
    });
    expect(nowhere.status).to.equal(404);
  });
});
