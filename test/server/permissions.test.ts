import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type Route, routes } from '../../src/contract/index.ts';
import { isAtLeast, type Role } from '../../src/contract/users.ts';
import type { LiveFeed } from '../../src/server/feed/sockets.ts';
import { createKoa } from '../../src/server/server.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { buildersOf, leastRole, sendTo, type ValidRequest } from '../support/valid-requests.ts';
import { watchChanges, watcherOf } from '../support/watched-changes.ts';
import { givenPerson, givenWorld, type World } from '../support/world.ts';

/** Everybody who may knock at a shop's door. */
const callers: { who: string; role: Role | null; isOfShop: boolean }[] = [
  { who: 'nobody', role: null, isOfShop: false },
  { who: 'a cashier', role: 'cashier', isOfShop: true },
  { who: 'a manager', role: 'manager', isOfShop: true },
  { who: 'an owner', role: 'owner', isOfShop: true },
  { who: 'a cashier of another shop', role: 'cashier', isOfShop: false },
  { who: 'a manager of another shop', role: 'manager', isOfShop: false },
  { who: 'an owner of another shop', role: 'owner', isOfShop: false },
];
type Caller = (typeof callers)[number];

/** What the route table promises a caller: undefined means that the request goes through. */
function refusalOf(
  route: Route,
  request: ValidRequest,
  { role, isOfShop }: Caller,
): 401 | 403 | 404 | undefined {
  const least = leastRole(route, request);
  if (least === 'nobody') return undefined;
  if (role === null) return 401;
  if (least === 'any') return undefined;
  const isAboutShop = route.path.includes(':shopId');
  if (isAboutShop && !isOfShop) return 404;
  if (!isAtLeast(role, least)) return 403;
  // Some routes name the shop in the body.
  return !isOfShop && (request.body as { shopId?: string } | undefined)?.shopId ? 404 : undefined;
}

describe('who may do what', function () {
  this.timeout(120_000);
  let test: TestApp;
  let own: World;
  let other: World;
  let changes: ReturnType<typeof watcherOf>;

  before(async () => {
    test = await startTestApp();
    own = await givenWorld(test, 'OWN');
    other = await givenWorld(test, 'ELSE');
    await watchChanges(own.db);
    changes = watcherOf(own.db);
  });
  after(() => test.close());

  const send = (token: string | null, route: Route, request: ValidRequest, text?: string) =>
    sendTo(clientOf(test.url, token), route, request, text);

  for (const route of routes) {
    describe(`${route.method.toUpperCase()} ${route.path} (${route.name}), for ${route.permission}`, () => {
      for (const caller of callers) {
        it(`answers ${caller.who}`, async () => {
          for (const build of buildersOf(route)) {
            const person = await givenPerson(caller.isOfShop ? own : other, caller.role ?? 'cashier');
            const token = caller.role && person.accessToken;
            const request = await build(own, person);
            const refusal = refusalOf(route, request, caller);
            await changes();
            if (refusal && route.method !== 'get' && leastRole(route, request) === route.permission) {
              // The same to a body that can't even be read: a stranger learns nothing from it.
              expect((await send(token, route, request, '{')).status).to.equal(refusal);
            }
            const { status, text } = await send(token, route, request);
            if (refusal) {
              expect(status, text).to.equal(refusal);
              expect(await changes(), 'something changed').to.deep.equal([]);
            } else {
              expect(Object.keys(route.responses), text).to.include(String(status));
            }
          }
        });
      }
    });
  }

  describe("another shop's things under one's own shop", () => {
    for (const route of routes.filter(({ path }) => /:shopId.*:/.test(path))) {
      it(`are not there for ${route.name}`, async () => {
        for (const build of buildersOf(route)) {
          const owner = await givenPerson(own, 'owner');
          const elsewhere = await build(other, owner);
          const request = { ...elsewhere, params: { ...elsewhere.params, shopId: own.shop.id } };
          await changes();
          const { status, text } = await send(owner.accessToken, route, request);
          expect(status, text).to.equal(404);
          expect(await changes(), 'something changed').to.deep.equal([]);
        }
      });
    }
  });

  describe('the addresses', () => {
    type Layer = { path: string | RegExp; methods: string[] };
    const keyOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method.toUpperCase()} ${path}`;

    it('are those of the route table, all of them and no others', () => {
      const [router] = createKoa(test.app, { feed: {} as LiveFeed }).middleware.flatMap((layer) =>
        'router' in layer ? [layer.router] : [],
      );
      const mounted = (router as { stack: Layer[] }).stack.flatMap(({ path, methods }) =>
        methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`),
      );
      // The document of the table can't be a line of it.
      const underApi = mounted.filter(
        (address) => address.includes(' /api/') && address !== 'GET /api/openapi.json',
      );
      expect(underApi.sort()).to.deep.equal(routes.map(keyOf).sort());
    });

    it('stand once each in the table, with a name each', () => {
      expect(new Set(routes.map(keyOf)).size).to.equal(routes.length);
      expect(new Set(routes.map(({ name }) => name)).size).to.equal(routes.length);
    });

    it('have no other methods', async () => {
      const paths = new Set(routes.map(({ path }) => path));
      for (const path of paths) {
        const taken = routes.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
        for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
          (each) => !taken.includes(each),
        )) {
          const address = path.replace(/:\w+/g, () => randomUUID());
          const { status, headers } = await clientOf(test.url).send(method, address);
          expect(status, `${method} ${path}`).to.equal(405);
          const allowed = (headers.get('allow') ?? '').split(', ').filter((each) => each !== 'HEAD');
          expect(allowed, `${method} ${path}`).to.have.members(taken);
        }
      }
    });

    it('that nobody mounted are not there', async () => {
      const { status, body } = await own.shop.owner.get('/api/no-such-thing');
      expect([status, body.type]).to.deep.equal([404, 'urn:smoocho:problem:not_found']);
    });
  });
});
