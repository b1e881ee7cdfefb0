import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, saleOf, signIn, type TestShop } from '../support/factories.ts';

describe('the feed over HTTP', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'POLL');
    product = await givenProduct(shop);
  });
  after(() => test.close());

  const sell = () => shop.cashier.post(`${shop.path}/orders`, saleOf(product));
  const read = async (query: string, client = shop.cashier) =>
    await client.get(`${shop.path}/events?${query}`);
  const here = async () => (await read('')).body.position as string;

  it('says where it stands, and reads on from any place in pages', async () => {
    const start = await here();
    const [epoch] = start.split(':');
    for (let n = 0; n < 5; n += 1) await sell();
    const seen = [];
    let after = `${epoch}:0`;
    for (;;) {
      const { body } = await read(`after=${after}&limit=3`);
      expect(body.resync).to.equal(null);
      if (body.data.length === 0) break;
      expect(body.data.length).to.be.at.most(3);
      seen.push(...body.data);
      after = body.position;
    }
    expect(after).to.equal(await here());
    const told = await eventsOf(test, shop.id);
    expect(seen.map(({ seq, type, data }) => ({ seq, type, data }))).to.deep.equal(
      // What the audit keeps beside it is not told.
      told.map(({ seq, type, data: { audit: _, ...data } }) => ({ seq, type, data })),
    );
  });

  it('waits for what happens next, no longer than it was asked to', async () => {
    const after = await here();
    const waiting = read(`after=${after}&wait=10`);
    await sleep(100);
    const { body: order } = await sell();
    const begun = Date.now();
    const { body } = await waiting;
    expect(Date.now() - begun).to.be.below(5_000);
    expect(body.data.map(({ data }: { data: { id: string } }) => data.id)).to.deep.equal([order.id]);
    const nothing = await read(`after=${body.position}&wait=1`);
    expect(nothing.body).to.deep.equal({ data: [], position: body.position, resync: null });
  });

  it('answers at once what is there already, and says when a place means nothing', async () => {
    const after = await here();
    const [epoch, seq] = after.split(':') as [string, string];
    await sell();
    expect((await read(`after=${after}&wait=25`)).body.data).to.have.length(1);
    const position = await here();
    for (const [place, resync] of [
      [`${randomUUID()}:${seq}`, 'other_epoch'],
      [`${epoch}:${Number(seq) + 9}`, 'ahead'],
    ]) {
      expect((await read(`after=${place}&wait=25`)).body).to.deep.equal({ data: [], position, resync });
    }
    expect((await read('after=yesterday')).status).to.equal(422);
  });

  it('tells nothing to somebody who was signed out while they waited', async () => {
    const leaver = await signIn(test, shop.emails.cashier);
    const waiting = read(`after=${await here()}&wait=10`, leaver);
    await sleep(100);
    await leaver.post('/api/auth/logout');
    await sell();
    expect((await waiting).status).to.equal(401);
  });

  it('forgets whoever hangs up', async () => {
    const after = await here();
    const controllers = Array.from({ length: 20 }, () => new AbortController());
    const waiting = controllers.map(({ signal }) =>
      fetch(`${test.url}${shop.path}/events?after=${after}&wait=25`, {
        headers: { authorization: `Bearer ${shop.cashier.token}` },
        signal,
      }).catch(() => 'hung up'),
    );
    await sleep(200);
    for (const controller of controllers) controller.abort();
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set(['hung up']));
    // A server that still kept them would not close in time: see `after`.
  });
});
