import { createHmac, randomUUID } from 'node:crypto';
import { expect } from 'chai';
import jwt from 'jsonwebtoken';
import { routes } from '../../src/contract/index.ts';
import { signAccessToken } from '../../src/core/auth/tokens.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf, JSON_TYPE } from '../support/client.ts';
import { buildersOf, contentOf, sendTo, urlOf } from '../support/valid-requests.ts';
import { givenPerson, givenWorld, type Person, type World } from '../support/world.ts';

describe('a token', function () {
  this.timeout(120_000);
  let test: TestApp;
  let own: World;

  before(async () => {
    test = await startTestApp();
    own = await givenWorld(test, 'OWN');
  });
  after(() => test.close());

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
          const { status, headers, body } = await sendTo(
            clientOf(test.url, await make(owner)),
            route,
            request,
          );
          expect([status, body.type], route.name).to.deep.equal([401, 'urn:smoocho:problem:unauthenticated']);
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

  describe('where none is needed', () => {
    const open = routes.filter(({ permission }) => permission === 'nobody');
    const stale: [what: string, header: (person: Person) => string | Promise<string>][] = [
      ['expired', (person) => `Bearer ${signed(person, { iat: hoursAgo(2), exp: hoursAgo(1) })}`],
      ['of a session that has ended', async (person) => `Bearer ${await signedOut(person)}`],
      ['made up', () => 'Bearer x'],
      ['of another form', () => 'Basic eDp5'],
    ];
    for (const route of open) {
      for (const [what, header] of stale) {
        it(`${what} is not looked at by ${route.name}`, async () => {
          for (const build of buildersOf(route)) {
            const [person, other] = [await givenPerson(own, 'owner'), await givenPerson(own, 'owner')];
            const request = await build(own, person);
            const { body, headers } = contentOf(request);
            const authorization = await header(other);
            const sent = await clientOf(test.url).send(
              route.method.toUpperCase(),
              urlOf(route, request.params, request.query),
              { body, headers: { ...headers, authorization } },
            );
            // It is a request of somebody who has to show who they are, and not of the setup token.
            const isForRole = request.least !== undefined;
            if (isForRole) expect(sent.status, sent.text).to.equal(401);
            else expect(Object.keys(route.responses), sent.text).to.include(String(sent.status));
          }
        });
      }
    }

    it('is read by one route alone, and only without a setup token', () => {
      const readers = open.filter(({ tokenUnless }) => tokenUnless !== undefined);
      expect(readers.map(({ name, tokenUnless }) => [name, tokenUnless])).to.deep.equal([
        ['register', 'setupToken'],
      ]);
      expect(
        routes.filter(({ tokenUnless, permission }) => tokenUnless && permission !== 'nobody'),
      ).to.deep.equal([]);
    });

    it('is refused by that one whatever the body, so that a stranger learns nothing', async () => {
      const client = clientOf(test.url, 'x');
      const { status } = await client.send('POST', '/api/auth/register', { body: '{', headers: JSON_TYPE });
      expect(status).to.equal(401);
    });
  });
});
