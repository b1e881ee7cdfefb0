import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Route, routes } from '../../src/contract/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenProduct, saleOf } from '../support/factories.ts';
import { connectEar, until } from '../support/feed-ear.ts';
import { buildersOf, urlOf } from '../support/valid-requests.ts';
import { givenPerson, givenSundae, givenWorld, type Person, type World } from '../support/world.ts';

/** What no other shop may ever see of a shop: the ids of everything in it. */
const TABLES_OF_A_SHOP = `
  SELECT c.table_name FROM information_schema.columns c
  JOIN information_schema.columns i ON i.table_schema = c.table_schema AND i.table_name = c.table_name
  WHERE c.table_schema = 'public' AND c.column_name = 'shop_id' AND i.column_name = 'id' AND i.data_type = 'uuid'`;

const takesCursor = (route: Route) => route.query !== undefined && 'cursor' in route.query.shape;

describe('two shops on one server', function () {
  this.timeout(120_000);
  let test: TestApp;
  let own: World;
  let other: World;
  let stranger: Person;

  before(async () => {
    test = await startTestApp();
    own = await givenWorld(test, 'OWN');
    other = await givenWorld(test, 'ELSE');
    stranger = await givenPerson(own, 'owner');
    // More than one of each thing that has a list.
    for (const world of [own, other]) {
      await givenSundae(world);
      const manager = await givenPerson(world, 'manager');
      for (const route of routes.filter(
        ({ method, path }) => method === 'post' && path.includes(':shopId'),
      )) {
        for (const build of buildersOf(route)) {
          const request = await build(world, manager);
          for (const _ of [1, 2]) {
            await clientOf(test.url, manager.accessToken).post(
              urlOf(route, request.params, request.query),
              request.body,
            );
          }
        }
      }
    }
  });
  after(() => test.close());

  async function idsOfOther(): Promise<string[]> {
    const { rows } = await other.db.query(TABLES_OF_A_SHOP);
    const select = rows.map(
      ({ table_name }) => `SELECT id::text FROM "${table_name}" WHERE shop_id = '${other.shop.id}'`,
    );
    const ids = await other.db.query(select.join(' UNION '));
    // Not the shop's own id: whoever asks for a shop knows it, and finds it in the record of the refusal.
    return ids.rows.map(({ id }) => id).filter((id) => id !== other.shop.id);
  }

  for (const route of routes.filter(takesCursor)) {
    it(`show nothing of each other by a cursor: ${route.name}`, async () => {
      const [build] = buildersOf(route);
      if (!build) throw new Error(`${route.name} has no valid request.`);
      const theirs = await build(other, await givenPerson(other, 'owner'));
      const owner = clientOf(test.url, (await givenPerson(other, 'owner')).accessToken);
      const page = await owner.get(urlOf(route, theirs.params, { limit: '1' }));
      expect(page.status, page.text).to.equal(200);
      expect(page.body.nextCursor, 'there is only one').to.be.a('string');

      const mine = await build(own, stranger);
      const me = clientOf(test.url, stranger.accessToken);
      const cursor = page.body.nextCursor as string;
      const there = await me.get(urlOf(route, theirs.params, { limit: '200', cursor }));
      expect(there.status).to.equal(404);
      const here = await me.get(urlOf(route, mine.params, { limit: '200', cursor }));
      expect(here.status, here.text).to.equal(200);
      const shown = (await idsOfOther()).filter((id) => here.text.includes(id));
      expect(shown, 'things of the other shop').to.deep.equal([]);
    });
  }

  it('hear nothing of each other', async () => {
    const auth = { token: stranger.accessToken, shopId: own.shop.id };
    const ear = await connectEar(test.url, auth);
    const product = await givenProduct(other.shop);
    const sale = saleOf(product);
    await other.shop.cashier.post(`${other.shop.path}/orders`, sale);
    const mine = await givenProduct(own.shop, { name: `Last ${randomUUID()}` });
    // Its own event comes after what the other shop did: had anything of that come, it would be here.
    await until(() => ear.events.some(({ data }) => (data as { id: string }).id === mine.id));
    const ids = await idsOfOther();
    const heard = JSON.stringify(ear.events);
    ear.socket.disconnect();
    expect(ids.filter((id) => heard.includes(id))).to.deep.equal([]);
  });

  it('can not point into each other in the database either: its foreign keys carry the shop', async () => {
    const { rows: products } = await other.db.query('SELECT id FROM products WHERE shop_id = $1 LIMIT 1', [
      other.shop.id,
    ]);
    const { rows: foreign } = await own.db.query(`
      SELECT k.conrelid::regclass::text AS child, k.confrelid::regclass::text AS parent, k.conname AS name,
        (SELECT array_agg(a.attname::text) FROM unnest(k.conkey) n JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n) AS columns
      FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace`);
    const { rows: shopTables } = await own.db.query(
      "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'shop_id'",
    );
    const ofShops = new Set(shopTables.map(({ table_name }) => table_name));
    // People may belong to several shops: an owner has them all.
    const inShop = foreign.filter(
      ({ child, parent }) => ofShops.has(child) && ofShops.has(parent) && parent !== 'users',
    );
    expect(inShop.length).to.be.above(15);
    for (const { child, name, columns } of inShop) expect(columns, `${child}.${name}`).to.include('shop_id');

    const insert = `INSERT INTO recipes (id, shop_id, product_id, inventory_item_id, quantity) VALUES ($1, $2, $3, $4, 1)`;
    const across = own.db.query(insert, [randomUUID(), own.shop.id, products[0].id, own.milk.id]);
    const refused = await across.then(
      () => null,
      (error: { code: string }) => error.code,
    );
    expect(refused).to.equal('23503');
  });
});
