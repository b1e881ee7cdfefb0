import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import type pg from 'pg';
import { io } from 'socket.io-client';
import { INSTALLATION } from '../../src/core/audit/record-security.ts';
import { openRefusals } from '../../src/core/audit/refusals.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { auditOf, logOf } from '../support/audit-parts.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';

describe('what was refused', function () {
  this.timeout(120_000);
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let other: TestShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    db = await test.database.connect();
    shop = await givenShop(test, 'AUDI');
    other = await givenShop(test, 'ELSE');
  });
  after(() => test.close());

  // biome-ignore lint/suspicious/noExplicitAny: a test looks into records of any shape
  type Record = any;

  /** It is written after the answer. */
  const refusalsOf = async (chain: string, type: string, count: number, code?: string) => {
    const log = async () =>
      (await logOf(db, chain, type)).filter(({ details }: Record) => !code || details.code === code);
    await until(async () => (await log()).length >= count);
    return await log();
  };

  /** A connection to the feed of `shop` that is turned away. */
  async function refusedSocket(token: string | null): Promise<void> {
    const socket = io(test.url, {
      auth: { token, shopId: shop.id },
      transports: ['websocket'],
      reconnection: false,
    });
    await new Promise<void>((resolve) => socket.once('connect_error', () => resolve()));
    socket.close();
  }

  it('of a role is recorded once a minute for each person and route', async () => {
    for (let n = 0; n < 5; n += 1) {
      expect((await shop.cashier.get(`${shop.path}/reports/sales`)).status).to.equal(403);
      expect((await shop.manager.get(`${shop.path}/audit`)).status).to.equal(403);
    }
    const rows = await refusalsOf(shop.id, 'denied', 2, 'forbidden');
    expect(rows.map(({ actor, details }: Record) => [actor.name, details])).to.have.deep.members([
      ['cashier of AUDI', { route: 'salesReport', code: 'forbidden' }],
      ['manager of AUDI', { route: 'listAudit', code: 'forbidden' }],
    ]);
    const listed = await auditOf(shop, 'type=denied');
    expect(listed.filter(({ after }: Record) => after.code === 'forbidden')).to.have.length(2);
  });

  it('of what a manager would have to allow says what it was', async () => {
    const product = await givenProduct(shop, { price: 100 });
    const cheap = saleOf(product, { discount: { type: 'percentage', value: 90, reason: 'friend' } });
    expect((await shop.cashier.post(`${shop.path}/orders`, cheap)).status).to.equal(403);
    const [row] = await refusalsOf(shop.id, 'denied', 1, 'approval_needed');
    expect(row?.details).to.deep.equal({
      route: 'placeOrder',
      code: 'approval_needed',
      detail:
        'The discount is more than the 20 per cent that a cashier may give. Ask a manager to approve it.',
    });
  });

  it("of another's shop stands with one's own, over HTTP and at the socket", async () => {
    expect((await other.owner.get(`${shop.path}/audit`)).status).to.equal(404);
    expect((await other.owner.get(`${shop.path}/audit`)).status).to.equal(404);
    await refusedSocket(other.cashier.token);
    const rows = await refusalsOf(other.id, 'denied', 2);
    expect(rows.map(({ details }: Record) => details)).to.have.deep.members([
      { route: 'listAudit', code: 'other_shop', shopId: shop.id },
      { route: 'socket', code: 'other_shop', shopId: shop.id },
    ]);
    // A wrong address and a thing that isn't there are no refusals.
    await other.owner.get('/api/nowhere');
    await other.owner.get(`${other.path}/orders/${randomUUID()}`);
    expect(await logOf(db, other.id, 'denied')).to.have.length(2);
  });

  it('of a token that was made up or changed is recorded, of one that ran out not', async () => {
    const { keys } = test.app;
    const claims = jwt.decode(shop.owner.token as string) as jwt.JwtPayload;
    const { id: keyid, key } = keys.tokenKey();
    const anHourAgo = Math.floor(Date.now() / 1000) - 3600;
    const old = jwt.sign({ ...claims, iat: anHourAgo - 60, exp: anHourAgo }, key, { keyid });
    const forged = jwt.sign(claims, randomUUID(), { keyid });
    const statusOf = async (token: string) =>
      (await clientOf(test.url, token).get(`${shop.path}/products`)).status;
    expect(await statusOf(old)).to.equal(401);
    expect(await statusOf(forged)).to.equal(401);
    await refusedSocket(forged);
    const rows = await refusalsOf(INSTALLATION, 'denied', 2);
    expect(rows.map(({ details }: Record) => details)).to.have.deep.members([
      { route: 'listProducts', code: 'invalid_token' },
      { route: 'socket', code: 'invalid_token' },
    ]);
    expect(rows[0]).to.deep.include({ address: '127.0.0.1', actor: { kind: 'user', id: null, name: '' } });
  });

  it('of a pairing code is recorded with its address', async () => {
    await clientOf(test.url).post('/api/devices/pair', { code: 'AAAA-BBBB' });
    const [row] = await refusalsOf(INSTALLATION, 'pairing_failed', 1);
    expect(row).to.deep.include({ address: '127.0.0.1', actor: { kind: 'user', id: null, name: '' } });
  });

  it('in a flood fills neither memory nor disk, and is counted', async () => {
    const warned: object[] = [];
    const app = {
      ...test.app,
      log: { ...test.app.log, warn: (fields: object) => void warned.push(fields), error: () => {} },
    };
    const refusals = openRefusals(app);
    const before = (await logOf(db, INSTALLATION)).length;
    const note = (address: string) =>
      refusals.note({
        type: 'limited',
        shopId: null,
        actor: { kind: 'user', id: null, name: '' },
        address,
        details: { route: 'login' },
      });
    const startedAt = performance.now();
    for (let n = 0; n < 100_000; n += 1) note(`10.0.${n % 256}.${n % 199}`);
    expect(performance.now() - startedAt).to.be.below(2_000);
    await refusals.close();
    const rows = (await logOf(db, INSTALLATION)).slice(before);
    // 50 addresses, and how often each came.
    expect(rows).to.have.length(100);
    const counted = rows
      .slice(50)
      .reduce((sum: number, { details }: Record) => sum + (details.times ?? 1), 50);
    expect(warned).to.deep.equal([{ refusals: 100_000 - counted }]);
  });

  it('sixty times over of one person keeps nobody else from the record', async () => {
    const app = { ...test.app, log: { ...test.app.log, warn: () => {} } };
    const refusals = openRefusals(app);
    const refusing = (shopId: string, name: string) => {
      const actor = { kind: 'user' as const, id: randomUUID(), name };
      return (route: string) => refusals.note({ type: 'denied', shopId, actor, details: { route } });
    };
    const noisy = refusing(shop.id, 'noisy');
    for (let n = 0; n < 60; n += 1) noisy(`route ${n}`);
    refusing(shop.id, 'colleague')('listAudit');
    refusing(other.id, 'neighbour')('listAudit');
    await refusals.close();
    const writtenOf = async (chain: string, name: string) =>
      (await logOf(db, chain, 'denied')).filter(({ actor }: Record) => actor.name === name).length;
    expect([
      await writtenOf(shop.id, 'noisy'),
      await writtenOf(shop.id, 'colleague'),
      await writtenOf(other.id, 'neighbour'),
    ]).to.deep.equal([10, 1, 1]);
  });

  /** What is refused while the database is away; `warned` has one for each that could not be written. */
  const refusalsWhileAway = () => {
    const warned: { refusals?: number }[] = [];
    const em = {
      fork: () => ({
        getTransactionContext: () => undefined,
        getConnection: () => {
          throw new Error('away');
        },
      }),
    };
    const log = { ...test.app.log, warn: (fields: object) => void warned.push(fields) };
    return { warned, refusals: openRefusals({ ...test.app, orm: { em }, log } as never) };
  };

  it('in a flood through many shops fills no memory either', async () => {
    const { warned, refusals } = refusalsWhileAway();
    for (let n = 0; n < 5_000; n += 1) {
      const actor = { kind: 'user' as const, id: `person ${n}`, name: '' };
      refusals.note({ type: 'denied', shopId: `shop ${n % 200}`, actor });
      // So that what is written one after the other keeps up.
      if (n % 100 === 0) await new Promise(setImmediate);
    }
    await refusals.close();
    expect(warned).to.have.length(2_001);
    expect(warned.find((each) => each.refusals)?.refusals).to.equal(3_000);
  });

  it('that can not be written disturbs nobody', async () => {
    const { warned, refusals } = refusalsWhileAway();
    refusals.note({ type: 'denied', shopId: shop.id, actor: { kind: 'user', id: null, name: '' } });
    await refusals.close();
    expect(warned).to.have.length(1);
  });
});
