import { createHmac, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { type Route, routes } from '../../src/contract/index.ts';
import { isAtLeast, type Role } from '../../src/contract/users.ts';
import { signAccessToken } from '../../src/core/auth/tokens.ts';
import type { LiveFeed } from '../../src/server/feed/sockets.ts';
import { createKoa } from '../../src/server/server.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf, routeOf } from '../support/client.ts';
import { JSON_TYPE } from '../support/hostile-requests.ts';
import { buildersOf, leastRole, urlOf, type ValidRequest } from '../support/valid-requests.ts';
import { watchChanges, watcherOf } from '../support/watched-changes.ts';
import { givenPerson, givenWorld, type Person, type World } from '../support/world.ts';

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
  this.timeout(60_000);
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

  const send = (token: string | null, route: Route, { params, query, body }: ValidRequest, text?: string) =>
    clientOf(test.url, token).send(route.method.toUpperCase(), urlOf(route, params, query), {
      body: text ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: text === undefined && body === undefined ? {} : JSON_TYPE,
    });

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

  describe('a token', () => {
    const claimsOf = (person: Person) => jwt.decode(person.accessToken) as jwt.JwtPayload;
    const keyOf = () => test.app.keys.tokenKey();
    const signed = (
      person: Person,
      change: object,
      key: jwt.Secret = keyOf().key,
      options: jwt.SignOptions = {},
    ) => {
      const header = { algorithm: 'HS256', keyid: keyOf().id } as const;
      return jwt.sign({ ...claimsOf(person), ...change }, key, { ...header, ...options });
    };
    const tokenOf = ({ id: userId }: Person, sessionId: string) =>
      signAccessToken(test.app, { userId, sessionId, generation: 1 });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = (person: Person, alg: string) =>
      `${encode({ alg, typ: 'JWT', kid: keyOf().id })}.${encode(claimsOf(person))}.`;
    const IN_2100 = Date.UTC(2100) / 1000;
    const hoursAgo = (hours: number) => Math.floor(Date.now() / 1000) - hours * 3600;

    const tokens: [what: string, make: (person: Person) => string | Promise<string>][] = [
      ['that is expired', (person) => signed(person, { iat: hoursAgo(2), exp: hoursAgo(1) })],
      ['that is not valid yet', (person) => signed(person, { nbf: hoursAgo(-1) })],
      ['with another signature', (person) => `${person.accessToken.slice(0, -4)}AAAA`],
      ['with the signature cut off', ({ accessToken }) => accessToken.replace(/\.[^.]*$/, '.')],
      ['signed with another key', (person) => signed(person, {}, randomUUID())],
      [
        'signed with no key',
        (person) => `${unsigned(person, 'HS256')}${createHmac('sha256', '').digest('base64url')}`,
      ],
      ['of algorithm none', (person) => unsigned(person, 'none')],
      ['of algorithm None', (person) => unsigned(person, 'None')],
      ['of another algorithm', (person) => signed(person, {}, keyOf().key, { algorithm: 'HS512' })],
      ['that names no key', (person) => withHeader(person, { kid: undefined })],
      ['that names a key that never was', (person) => withHeader(person, { kid: 'AAAAAAAAAAAA' })],
      ['that names a file as its key', (person) => withHeader(person, { kid: '../../dev/null' })],
      ['that names several keys', (person) => withHeader(person, { kid: [keyOf().id] })],
      [
        'that names its key in another letter case',
        (person) => withHeader(person, { kid: swapCase(keyOf().id) }),
      ],
      [
        'that brings a key along',
        (person) => withHeader(person, { kid: undefined, jwk: { kty: 'oct', k: 'AAAA' } }),
      ],
      [
        'signed with a key for something else',
        (person) => signedWith(person, test.app.keys.fieldKey('customer')),
      ],
      ['for another audience', (person) => signed(person, { aud: 'elsewhere' })],
      ['of another issuer', (person) => signed(person, { iss: 'elsewhere' })],
      ['of another kind', (person) => signed(person, { typ: 'refresh' })],
      ['whose claims were changed', (person) => withClaims(person, { sub: randomUUID() })],
      [
        "for somebody else's session",
        async (person) => signed(person, { sub: (await givenPerson(own, 'owner')).id }),
      ],
      ['that is good until the year 2100', (person) => signed(person, { exp: IN_2100 })],
      ['that is of the year 2100', (person) => signed(person, { iat: IN_2100 - 60, exp: IN_2100 })],
      ['that has no end', (person) => signedAs(`{"sub":"${person.id}","sid":"${person.sessionId}"}`)],
      ['whose claims are no JSON', () => signedAs('foo')],
      ['whose claims are no JSON, with no signature', () => signedAs('foo').replace(/[^.]*$/, 'x')],
      ['that was padded', ({ accessToken }) => `${accessToken}=`],
      ['whose signature is written otherwise', ({ accessToken }) => otherwise(accessToken)],
      ['in the other alphabet of base64', (person) => inBase64(person)],
      [
        'whose claims were written anew',
        ({ accessToken }) => accessToken.replace(/\.([^.]+)\./, (_, claims) => `.${respelt(claims)}.`),
      ],
      ['of a session that never was', (person) => tokenOf(person, randomUUID())],
      ['that is a refresh token', ({ refreshToken }) => refreshToken],
      ['that is an id', ({ id }) => id],
      ['of a session that has ended', signedOut],
    ];

    const swapCase = (text: string) =>
      text.replace(/[a-z]/gi, (letter) =>
        letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
      );

    /** Signed with the right key, whatever its header says. */
    function withHeader(person: Person, change: object): string {
      const { key, id: kid } = keyOf();
      const signedPart = `${encode({ alg: 'HS256', typ: 'JWT', kid, ...change })}.${encode(claimsOf(person))}`;
      return `${signedPart}.${createHmac('sha256', key).update(signedPart).digest('base64url')}`;
    }

    /** Any text for claims, signed with the right key. */
    function signedAs(claims: string): string {
      const { key, id: kid } = keyOf();
      const header = encode({ alg: 'HS256', typ: 'JWT', kid });
      const part = `${header}.${Buffer.from(claims).toString('base64url')}`;
      return `${part}.${createHmac('sha256', key).update(part).digest('base64url')}`;
    }

    /** The same bytes with another last sign: of 43 signs for 32 bytes, two bits of it mean nothing. */
    function otherwise(token: string): string {
      const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const other = signs[signs.indexOf(token.at(-1) as string) ^ 1] as string;
      const swapped = `${token.slice(0, -1)}${other}`;
      const bytesOf = (text: string) => Buffer.from(text.split('.')[2] as string, 'base64url');
      expect(bytesOf(swapped).equals(bytesOf(token))).to.equal(true);
      return swapped;
    }

    /** A signature with a sign that the two alphabets write differently. */
    function inBase64(person: Person): string {
      for (let jti = 0; ; jti += 1) {
        const [header, claims, signature = ''] = signed(person, { jti: String(jti) }).split('.');
        if (/[-_]/.test(signature)) {
          return `${header}.${claims}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`;
        }
      }
    }

    /** The same claims with their fields the other way around, under the old signature. */
    const respelt = (claims: string) =>
      encode(
        Object.fromEntries(Object.entries(JSON.parse(Buffer.from(claims, 'base64url').toString())).reverse()),
      );

    const signedWith = (person: Person, { id: keyid, key }: { id: string; key: jwt.Secret }) =>
      signed(person, {}, key, { keyid });

    function withClaims({ accessToken }: Person, change: object): string {
      const [header, , signature] = accessToken.split('.');
      return `${header}.${encode({ ...(jwt.decode(accessToken) as object), ...change })}.${signature}`;
    }

    async function signedOut({ accessToken }: Person): Promise<string> {
      const { status } = await clientOf(test.url, accessToken).post('/api/auth/logout');
      expect(status).to.equal(204);
      return accessToken;
    }

    /** One of each kind of permission. */
    const samples = ['any', 'cashier', 'manager', 'owner'].map((permission) =>
      routes.find((route) => route.permission === permission && route.name !== 'logout'),
    );
    for (const [what, make] of tokens) {
      it(`${what} opens nothing`, async () => {
        for (const route of samples.filter((sample) => sample !== undefined)) {
          for (const build of buildersOf(route)) {
            const owner = await givenPerson(own, 'owner');
            const request = await build(own, owner);
            const { status, headers, body } = await send(await make(owner), route, request);
            expect([status, body.type], route.name).to.deep.equal([
              401,
              'urn:smoocho:problem:unauthenticated',
            ]);
            expect(headers.get('www-authenticate')).to.equal('Bearer');
          }
        }
      });
    }

    it('opens nothing when the header is of another form', async () => {
      const { accessToken } = await givenPerson(own, 'owner');
      const basic = Buffer.from(`owner:${accessToken}`).toString('base64');
      for (const authorization of [
        'Bearer',
        accessToken,
        `Basic ${basic}`,
        `Bearer ${accessToken} x`,
        'Bearer a"b',
      ]) {
        const { status } = await clientOf(test.url).get(own.shop.path, { authorization });
        expect(status, authorization).to.equal(401);
      }
    });

    it('that is wrong is refused where none is needed, too', async () => {
      const body = JSON.stringify({ email: own.shop.emails.owner, password: 'x' });
      const sent = await clientOf(test.url, 'x').send('POST', '/api/auth/login', {
        body,
        headers: JSON_TYPE,
      });
      expect(sent.body.type).to.equal('urn:smoocho:problem:unauthenticated');
    });
  });

  describe('the addresses', () => {
    type Layer = { path: string | RegExp; methods: string[] };
    const keyOf = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method.toUpperCase()} ${path}`;

    it('are those of the route table, all of them and no others', () => {
      const [router] = createKoa(test.app, {} as LiveFeed).middleware.flatMap((layer) =>
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
          // To another route it may look like an id: there is nothing of that name then.
          if (routeOf(method, address)) continue;
          const { status, headers } = await clientOf(test.url).send(method, address);
          expect(status, `${method} ${path}`).to.equal(405);
          expect((headers.get('allow') ?? '').split(', '), `${method} ${path}`).to.include.members(taken);
        }
      }
    });

    it('that nobody mounted are not there', async () => {
      const { status, body } = await own.shop.owner.get('/api/no-such-thing');
      expect([status, body.type]).to.deep.equal([404, 'urn:smoocho:problem:not_found']);
    });
  });
});
