import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Answer } from '../support/client.ts';
import { givenProduct, givenShop, PASSWORD, saleOf, signIn, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { heaviestPng } from '../support/hostile-pictures.ts';
import { uploadTo } from '../support/image-parts.ts';

// Passwords are hashed two at a time: what waits for it was let in seconds before it is done.
describe('what was let in before somebody was shut out', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'FLY');
  });
  after(() => test.close());

  const idOf = async (email: string): Promise<string> => {
    const { body } = await shop.owner.get(`${shop.path}/users`);
    return body.data.find((user: { email: string }) => user.email === email).id;
  };

  /** Sends many at once, disables somebody once the first came through; the statuses, and how many came through after that. */
  async function disabling(userId: string, send: (n: number) => Promise<Answer>, count: number) {
    let disabledAt = Number.POSITIVE_INFINITY;
    let lateSuccesses = 0;
    const first = Promise.withResolvers<void>();
    const sent = Array.from({ length: count }, async (_, n) => {
      const { status } = await send(n);
      if (status === 201) first.resolve();
      // Of two answers that are written in one moment, either may be read first.
      if (status === 201 && performance.now() > disabledAt + 100) lateSuccesses += 1;
      return status;
    });
    await first.promise;
    expect((await shop.owner.delete(`${shop.path}/users/${userId}`)).status).to.equal(200);
    disabledAt = performance.now();
    const statuses = await Promise.all(sent);
    // Who waited ten seconds for their hash on a machine at work was told to try again.
    return { lateSuccesses, statuses: new Set(statuses.filter((status) => status !== 503)) };
  }

  it('is refused at its end: a disabled owner makes no more owners', async () => {
    const email = 'two@example.com';
    const two = { email, name: 'Two', role: 'owner', password: PASSWORD };
    expect((await shop.owner.post(`${shop.path}/users`, two)).status).to.equal(201);
    const client = await signIn(test, email);
    const makeOwner = (n: number) =>
      client.post(`${shop.path}/users`, { ...two, email: `door${n}@example.com`, name: `Door ${n}` });
    const { lateSuccesses, statuses } = await disabling(await idOf(email), makeOwner, 40);
    expect(lateSuccesses).to.equal(0);
    expect(statuses).to.deep.equal(new Set([201, 401]));
  });

  it('is refused at its end: a disabled manager allows no more discounts', async () => {
    const product = await givenProduct(shop);
    const approval = { email: shop.emails.manager, password: PASSWORD };
    const discount = { type: 'percentage', value: '100' };
    const sell = () => shop.cashier.post(`${shop.path}/orders`, saleOf(product, { discount, approval }));
    const { lateSuccesses, statuses } = await disabling(await idOf(shop.emails.manager), sell, 40);
    expect(lateSuccesses).to.equal(0);
    expect([...statuses]).to.include.members([201, 403]);
  });

  it('is refused at its end: a disabled manager puts up no more pictures', async () => {
    const email = 'painter@example.com';
    const painter = { email, name: 'Painter', role: 'manager', password: PASSWORD };
    expect((await shop.owner.post(`${shop.path}/users`, painter)).status).to.equal(201);
    const client = await signIn(test, email);
    const product = await givenProduct({ ...shop, manager: shop.owner });
    // It takes a second and more to be decoded; the whole of it is here by then.
    const uploading = uploadTo(client, shop, product.id, heaviestPng(6_000, 4_000));
    await until(
      () => existsSync(join(test.home, 'uploads')) && readdirSync(join(test.home, 'uploads')).length > 0,
    );
    expect((await shop.owner.delete(`${shop.path}/users/${await idOf(email)}`)).status).to.equal(200);
    const { status } = await uploading;
    expect(status).to.equal(401);
    const { body } = await shop.owner.get(`${shop.path}/products/${product.id}`);
    expect(body.imageUrl).to.equal(null);
  });
});
