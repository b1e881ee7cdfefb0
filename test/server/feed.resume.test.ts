import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { formatPosition } from '../../src/contract/events.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenDevice, signInOn } from '../support/device-parts.ts';
import { eventsOf, givenProduct, givenShop, saleOf, signIn, type TestShop } from '../support/factories.ts';
import { connectEar, type Ear, openEar, until } from '../support/feed-ear.ts';

const TELL = `
  WITH head AS (UPDATE shop_heads SET seq = seq + $2::int WHERE shop_id = $1 RETURNING seq)
  INSERT INTO events (shop_id, seq, type, at, actor, data)
  SELECT $1, seq - $2::int + n, 'data_imported', now(), '{"kind":"system","id":null,"name":"cli"}',
         '{"kind":"sales","orders":1,"lines":1,"products":0}' FROM head, generate_series(1, $2::int) n`;

describe('a device that comes back to the live feed', () => {
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };
  let db: pg.Client;
  const ears: Ear[] = [];

  beforeEach(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'BACK');
    product = await givenProduct(shop);
    db = await test.database.connect();
  });
  afterEach(async () => {
    for (const { socket } of ears.splice(0)) socket.disconnect();
    await test.close();
  });

  const head = async () => {
    const { rows } = await db.query('SELECT epoch, seq::int FROM shop_heads WHERE shop_id = $1', [shop.id]);
    return rows[0] as { epoch: string; seq: number };
  };
  const sell = () => shop.cashier.post(`${shop.path}/orders`, saleOf(product));
  const listen = async (since?: string, till = shop.cashier) => {
    const auth = { token: till.token, shopId: shop.id, ...(since ? { since } : {}) };
    const ear = await connectEar(test.url, auth);
    ears.push(ear);
    return ear;
  };

  it('is told from where its events go on, then what it missed, then what happens', async () => {
    const before = await head();
    await sell();
    await sell();
    const ear = await listen(formatPosition(before));
    await sell();
    await until(() => ear.events.length >= 3);
    expect(ear.starts).to.deep.equal([before]);
    expect(ear.events.map(({ seq }) => seq)).to.deep.equal([1, 2, 3].map((n) => before.seq + n));
    expect(ear.events.map(({ type }) => type)).to.deep.equal(Array(3).fill('order_created'));
  });

  it('gets each event once and in order, wherever in a rush it comes back', async () => {
    const before = await head();
    const comers: Promise<Ear>[] = [];
    const tills = await Promise.all(Array.from({ length: 6 }, () => signIn(test, shop.emails.cashier)));
    await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        await sell();
        const till = tills[comers.length % tills.length];
        if (n % 3 === 0) comers.push(listen(formatPosition(before), till));
        if (n % 5 === 0) comers.push(listen(undefined, till));
      }),
    );
    const all = await Promise.all(comers);
    const last = (await head()).seq;
    await until(() => all.every(({ events, starts }) => (events.at(-1)?.seq ?? starts[0]?.seq) === last));
    const told = await eventsOf(test, shop.id);
    for (const { events, starts } of all) {
      const from = starts[0]?.seq as number;
      expect(events.map(({ seq }) => seq)).to.deep.equal(
        told.map(({ seq }) => seq).filter((seq) => seq > from),
      );
      expect(events.map(({ data }) => data)).to.deep.equal(
        told.filter(({ seq }) => seq > from).map(({ data }) => data),
      );
    }
  });

  it('fetches everything again when it was away too long, or its place means nothing here', async () => {
    const { epoch, seq } = await head();
    await db.query(TELL, [shop.id, 5_001]);
    const now = { epoch, seq: seq + 5_001 };
    const other = randomUUID();
    const starts = await Promise.all(
      [
        { epoch, seq },
        { epoch, seq: seq + 1 },
        { epoch: other, seq },
        { epoch, seq: seq + 5_002 },
      ].map(async (since) => (await listen(formatPosition(since))).starts[0]),
    );
    expect(starts).to.deep.equal([
      { ...now, reason: 'too_far_behind' },
      { epoch, seq: seq + 1 },
      { ...now, reason: 'other_epoch' },
      { ...now, reason: 'ahead' },
    ]);
    // They connect at once, and so in any order.
    const resumed = ears.find(({ starts: [start] }) => start?.seq === seq + 1);
    await until(() => resumed?.events.length === 5_000);
  });

  it('is told to fetch everything again when the shop is restored while it listens', async () => {
    const ear = await listen();
    const epoch = randomUUID();
    await db.query(
      "INSERT INTO shop_epochs (shop_id, epoch, number, began_at, reason) VALUES ($1, $2, 2, now(), 'restored')",
      [shop.id, epoch],
    );
    await db.query('UPDATE shop_heads SET epoch = $2 WHERE shop_id = $1', [shop.id, epoch]);
    await until(() => ear.starts.length === 2);
    const { seq } = await head();
    expect(ear.starts[1]).to.deep.equal({ epoch, seq, reason: 'other_epoch' });
    await sell();
    await until(() => ear.events.length === 1);
    expect(ear.events[0]).to.include({ epoch, seq: seq + 1 });
  });

  describe('whose session ends', () => {
    const second = () => new Promise((resolve) => setTimeout(resolve, 1_000));

    it('by signing out is cut off within a second, and not let in again', async () => {
      const leaver = await signIn(test, shop.emails.cashier);
      const auth = { token: leaver.token, shopId: shop.id };
      const ear = await connectEar(test.url, auth);
      await leaver.post('/api/auth/logout');
      await second();
      expect(ear.closed).to.have.length(1);
      const again = await connectEar(test.url, auth);
      expect(again.refused).to.deep.equal(['unauthenticated']);
      again.socket.disconnect();
    });

    it('for its device is revoked is cut off within a second, whoever is signed in there', async () => {
      const paired = await givenDevice(test, shop, 'Counter');
      const there = await Promise.all(
        [shop.emails.cashier, shop.emails.owner].map((email) => signInOn(test, email, paired)),
      );
      const cut = await Promise.all(
        there.map(({ token }) => connectEar(test.url, { token, shopId: shop.id })),
      );
      const kept = await listen();
      const people = await shop.manager.get(`${shop.path}/activity`);
      expect(people.body.data.map(({ deviceName }: { deviceName: string }) => deviceName)).to.include(
        'Counter',
      );
      await shop.manager.delete(`${shop.path}/devices/${paired.device.id}`);
      await second();
      expect(cut.map(({ closed }) => closed.length)).to.deep.equal([1, 1]);
      expect(kept.closed).to.deep.equal([]);
    });

    it('by a program that tells nobody is cut off within a second', async () => {
      const [mine, ear] = [await listen(), await listen()];
      const other = await connectEar(test.url, { token: shop.owner.token, shopId: shop.id });
      ears.push(other);
      await db.query(
        `UPDATE sessions s SET ended_at = now() FROM users u WHERE u.id = s.user_id AND u.email = $1`,
        [shop.emails.cashier],
      );
      await second();
      expect([mine.closed.length, ear.closed.length, other.closed.length]).to.deep.equal([1, 1, 0]);
    });

    it('as what they were comes back as what they are', async () => {
      let token = shop.manager.token;
      const ear = openEar(test.url, () => ({ token, shopId: shop.id }), {
        reconnection: true,
        reconnectionDelay: 20,
      });
      ears.push(ear);
      await until(() => ear.starts.length === 1);
      await db.query("UPDATE users SET role = 'cashier' WHERE email = $1", [shop.emails.manager]);
      await until(() => ear.starts.length === 2, 2_000);
      token = null;
      const seen = ear.activity.length;
      await listen();
      await second();
      expect(ear.activity.length, 'presence is for managers').to.equal(seen);
    });
  });
});
