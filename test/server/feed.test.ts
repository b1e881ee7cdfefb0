import { expect } from 'chai';
import { io, type Socket } from 'socket.io-client';
import { EventEnvelope, eventData, eventTypes } from '../../src/contract/events.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenItem, givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';

describe('the live feed at /socket.io', () => {
  let test: TestApp;
  let shop: TestShop;
  const sockets: Socket[] = [];

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'LIVE');
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
  });
  after(() => test.close());

  type Received = { type: string; envelope: EventEnvelope }[];

  async function listen(auth: unknown): Promise<Received> {
    const socket = io(test.url, {
      path: '/socket.io',
      auth: auth as object,
      reconnection: false,
      transports: ['websocket'],
    });
    sockets.push(socket);
    const received: Received = [];
    for (const type of eventTypes) socket.on(type, (envelope) => received.push({ type, envelope }));
    await new Promise<void>((resolve, reject) => {
      socket.on('connect', resolve);
      socket.on('connect_error', reject);
    });
    return received;
  }

  const authOf = (of: TestShop, shopId = of.id) => ({ token: of.cashier.token, shopId });

  async function until(condition: () => boolean): Promise<void> {
    for (const start = Date.now(); Date.now() - start < 30_000; ) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('It did not happen within 30 seconds.');
  }

  it('shows every device of the shop what happens, in order, as GET shows it', async () => {
    const product = await givenProduct(shop);
    const [counter, kitchen] = [await listen(authOf(shop)), await listen(authOf(shop))];
    const { body: order } = await shop.cashier.post(
      `${shop.path}/orders`,
      saleOf(product, { paymentMethod: undefined }),
    );
    await shop.cashier.put(`${shop.path}/orders/${order.id}`, { notes: 'hurry' });
    await shop.manager.put(`${shop.path}/products/${product.id}`, { price: '12.00' });
    await shop.manager.put(`${shop.path}/settings`, { upiId: 'shop@upi' });
    await givenItem(shop);
    await until(() => counter.length >= 5 && kitchen.length >= 5);
    const types = [
      'order_created',
      'order_updated',
      'product_updated',
      'settings_changed',
      'inventory_updated',
    ];
    expect(counter.map((event) => event.type)).to.deep.equal(types);
    expect(kitchen).to.deep.equal(counter);
    for (const { type, envelope } of counter) {
      expect(EventEnvelope.parse(envelope).type).to.equal(type);
      expect(eventData[envelope.type].safeParse(envelope.data).error).to.equal(undefined);
    }
    const seqs = counter.map((event) => event.envelope.seq);
    expect(seqs).to.deep.equal(seqs.map((_, i) => (seqs[0] as number) + i));
    expect(counter[0]?.envelope).to.deep.include({ data: order, deviceId: null });
    expect(counter[0]?.envelope.actor).to.include({ kind: 'user', name: 'cashier of LIVE' });
  });

  it('shows nothing of another shop', async () => {
    const other = await givenShop(test, 'FAR');
    const mine = await listen(authOf(shop));
    const theirs = await listen(authOf(other));
    await other.cashier.post(`${other.path}/orders`, saleOf(await givenProduct(other)));
    await until(() => theirs.length === 2);
    expect(theirs.map((event) => event.type)).to.deep.equal(['product_created', 'order_created']);
    expect(mine).to.deep.equal([]);
  });

  it('sees what another process committed, such as an import, without a wake', async () => {
    const received = await listen(authOf(shop));
    const client = await test.database.connect();
    await client.query(
      `WITH head AS (UPDATE shop_heads SET seq = seq + 1 WHERE shop_id = $1 RETURNING seq)
       INSERT INTO events (shop_id, seq, type, at, actor, data)
       SELECT $1, seq, 'data_imported', now(), '{"kind":"system","id":null,"name":"cli"}',
              '{"kind":"sales","orders":1,"lines":1,"products":0}' FROM head`,
      [shop.id],
    );
    await until(() => received.length === 1);
    expect(received[0]?.envelope.seq).to.equal((await eventsOf(test, shop.id)).at(-1)?.seq);
  });

  it('lets nobody in without a valid token of the shop', async () => {
    const other = await givenShop(test, 'WALL');
    const refusal = (auth: unknown) =>
      listen(auth).then(
        () => 'let in',
        (error) => error.data?.type,
      );
    expect(await refusal({})).to.equal('urn:smoocho:problem:invalid_request');
    expect(await refusal({ token: 'x', shopId: shop.id })).to.equal('urn:smoocho:problem:unauthenticated');
    expect(await refusal(authOf(shop, other.id))).to.equal('urn:smoocho:problem:not_found');
    expect(await refusal({ ...authOf(shop), shopId: 'everything' })).to.equal(
      'urn:smoocho:problem:invalid_request',
    );
  });

  it('says what it does not know in a handshake', async () => {
    const { data } = await listen({ ...authOf(shop), sinse: 'x' }).then(
      () => ({ data: 'let in' }),
      (error) => error,
    );
    expect(data).to.include({ status: 422, detail: 'Connect with auth: { token, shopId, since? }.' });
    expect(data.errors).to.deep.equal([{ pointer: '/sinse', detail: 'is not a field here' }]);
  });
});
