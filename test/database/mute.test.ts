import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { entities } from '../../src/core/entities.ts';
import { openOrm } from '../../src/database/orm.ts';
import { query } from '../../src/database/query.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { givenProduct, givenShop, saleOf } from '../support/factories.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

describe('a database whose machine lost its power', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let test: TestApp;
  let queued: Promise<Answer[]>;

  before(async () => {
    database = await testDatabase();
    proxy = await startTcpProxy(database.url);
    const through = new URL(database.url);
    through.port = String(proxy.port);
    test = await startTestApp({ database, env: { DATABASE_URL: through.href, REQUESTS_PER_SECOND: '50' } });
    const shop = await givenShop(test, 'MUTE');
    const product = await givenProduct(shop);
    await Promise.all(Array.from({ length: 8 }, () => shop.cashier.get(`${shop.path}/products`)));
    proxy.strand();
    // Three of one session run at a time, and the others wait for those, which wait for the database. Meanwhile, the first test.
    const place = () => shop.cashier.post(`${shop.path}/orders`, saleOf(product));
    queued = Promise.all(Array.from({ length: 20 }, place));
  });
  after(async () => {
    await test?.close();
    await proxy?.close();
    await database.drop();
  });

  it('is asked again over a new connection once the old one has said nothing for long', async () => {
    const lines: [Socket, Socket][] = [];
    const target = new URL(database.url);
    const proxy = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const socket of [near, far]) socket.on('error', () => {});
      near.pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      lines.push([near, far]);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const url = new URL(database.url);
    url.port = String((proxy.address() as AddressInfo).port);
    const orm = await openOrm(url.href, entities, { poolSize: 1, onError: () => {} });
    const ask = () => query<{ n: number }>(orm.em.fork(), 'SELECT 1 AS n');
    expect(await ask()).to.deep.equal([{ n: 1 }]);

    // Half-open: what is said on these lines reaches nobody, and nobody says that it doesn't.
    for (const [near, far] of lines) {
      near.unpipe(far).resume();
      far.unpipe(near).resume();
    }
    const refusal = await ask().then(
      () => 'an answer',
      (error: Error) => error.message,
    );
    expect(refusal).to.equal('Query read timeout');
    expect(await ask()).to.deep.equal([{ n: 1 }]);
    await orm.close();
    for (const [near, far] of lines) {
      near.destroy();
      far.destroy();
    }
    proxy.close();
  }).timeout(120_000);

  it('is the reason of those who waited behind others for it, and not what they asked', async () => {
    const answers = await queued;
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.length).to.be.above(6);
    for (const { status, body } of refused) {
      expect([status, body.type], body.detail).to.deep.equal([503, 'urn:smoocho:problem:unavailable']);
    }
  }).timeout(60_000);
});

describe('a connection that breaks before a transaction begins', () => {
  it('leaves its place in the pool to the next one', async () => {
    const database = await testDatabase();
    const proxy = await startTcpProxy(database.url);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const orm = await openOrm(url.href, entities, { poolSize: 1, onError: () => {} });
    const begin = () => orm.em.fork().transactional((em) => query<{ n: number }>(em, 'SELECT 1 AS n'));
    try {
      for (let n = 0; n < 3; n += 1) {
        expect(await begin()).to.deep.equal([{ n: 1 }]);
        // The pool finds out later than whoever begins at once.
        proxy.cut();
        await begin().catch((error: Error) =>
          expect(error.message).to.match(/Connection terminated|ECONNRESET/),
        );
      }
      expect(await begin()).to.deep.equal([{ n: 1 }]);
    } finally {
      await orm.close();
      await proxy.close();
      await database.drop();
    }
  });
});
