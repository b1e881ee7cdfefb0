import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect } from 'chai';
import type pg from 'pg';
import type { Role } from '../../src/contract/users.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Client, clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { connectEar, type Ear, until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { givenPerson, type Person, type World } from '../support/world.ts';

/** How long a socket may outlive the session that it was opened with. */
const CLOSED_WITHIN_MS = 1_000;
const NEW_PASSWORD = 'seven slow yellow trams';

type Acting = { shop: TestShop; person: Person; me: Client; elsewhere: Person };
type Act = {
  what: string;
  role?: Role;
  /** Which session is at an end: the one of `person`, or another one of theirs. */
  ends: 'this one' | 'another one' | 'none';
  act(acting: Acting): Promise<{ status: number }>;
};

const userPath = ({ shop, person }: Acting) => `${shop.path}/users/${person.id}`;

const acts: Act[] = [
  { what: 'signing out', ends: 'this one', act: ({ me }) => me.post('/api/auth/logout') },
  {
    what: 'ending a session from another one',
    ends: 'another one',
    act: ({ me, elsewhere }) => me.delete(`/api/auth/sessions/${elsewhere.sessionId}`),
  },
  {
    what: 'changing the own password',
    ends: 'another one',
    act: ({ me }) => me.put('/api/auth/profile', { password: NEW_PASSWORD, currentPassword: PASSWORD }),
  },
  {
    what: 'being given another password',
    ends: 'this one',
    act: (acting) => acting.shop.owner.put(userPath(acting), { password: NEW_PASSWORD }),
  },
  {
    what: 'being disabled',
    ends: 'this one',
    act: (acting) => acting.shop.owner.put(userPath(acting), { isDisabled: true }),
  },
  {
    what: 'being taken off the staff',
    ends: 'this one',
    act: (acting) => acting.shop.owner.delete(userPath(acting)),
  },
  {
    what: 'being made less',
    role: 'manager',
    ends: 'none',
    act: (acting) => acting.shop.owner.put(userPath(acting), { role: 'cashier' }),
  },
];

describe('what acts at once in every process', () => {
  for (const isShared of [true, false]) {
    describe(isShared ? 'that is told through Redis' : 'that has to see for itself', () => {
      let redis: TestRedis | undefined;
      let near: TestApp;
      let far: TestApp;
      let shop: TestShop;
      let db: pg.Client;
      let ears: Ear[] = [];

      before(async function () {
        if (isShared) {
          requireRedis(this);
          redis = await startRedis();
        }
        const shared = redis ? { redisUrl: redis.url } : {};
        near = await startTestApp(shared);
        far = await startTestApp({ ...shared, beside: near });
        shop = await givenShop(near, 'ONCE');
        db = await near.database.connect();
      });
      afterEach(() => {
        for (const { socket } of ears) socket.disconnect();
        ears = [];
      });
      after(async () => {
        await far?.close();
        await near?.close();
        await redis?.kill();
      });

      async function given(role: Role): Promise<{ person: Person; elsewhere: Person }> {
        const person = await givenPerson({ test: near, db, shop } as World, role);
        const elsewhere = await givenPerson({ test: near, db, shop } as World, role);
        // A second session of the same person.
        await db.query('UPDATE sessions SET user_id = $1 WHERE id = $2', [person.id, elsewhere.sessionId]);
        const { body } = await clientOf(near.url).post('/api/auth/refresh', {
          refreshToken: elsewhere.refreshToken,
        });
        return { person, elsewhere: { ...elsewhere, ...body } };
      }

      const listen = async (token: string): Promise<Ear[]> => {
        const opened = await Promise.all(
          [near.url, far.url].map((url) => connectEar(url, { token, shopId: shop.id })),
        );
        expect(opened.flatMap(({ refused }) => refused)).to.deep.equal([]);
        ears.push(...opened);
        return opened;
      };
      const statusesOf = async (token: string, path: string) =>
        await Promise.all(
          [near.url, far.url].map(async (url) => (await clientOf(url, token).get(path)).status),
        );

      for (const { what, role = 'cashier', ends, act } of acts) {
        it(what, async () => {
          const { person, elsewhere } = await given(role);
          const tokens = { this: person.accessToken, another: elsewhere.accessToken };
          const sockets = { this: await listen(tokens.this), another: await listen(tokens.another) };
          const me = clientOf(near.url, tokens.this);
          const { status } = await act({ shop, person, me, elsewhere });
          expect(status).to.be.oneOf([200, 204]);
          const ended = ends === 'another one' ? 'another' : 'this';
          if (ends !== 'none') {
            expect(await statusesOf(tokens[ended], '/api/auth/profile')).to.deep.equal([401, 401]);
          } else {
            expect(
              await statusesOf(tokens.this, `${shop.path}/reports/sales?from=2026-01-01&to=2026-01-01`),
            ).to.deep.equal([403, 403]);
            expect(await statusesOf(tokens.this, `${shop.path}/products`)).to.deep.equal([200, 200]);
          }
          await until(() => sockets[ended].every(({ closed }) => closed.length === 1), CLOSED_WITHIN_MS);
          // Who acted themselves goes on.
          if (ends === 'another one') {
            expect(await statusesOf(tokens.this, '/api/auth/profile')).to.deep.equal([200, 200]);
            expect(sockets.this.flatMap(({ closed }) => closed)).to.deep.equal([]);
          }
          const again = await connectEar(far.url, { token: tokens[ended], shopId: shop.id });
          ears.push(again);
          expect(again.refused).to.deep.equal(ends === 'none' ? [] : ['unauthenticated']);
        });
      }

      it('an old refresh token', async () => {
        const { person } = await given('cashier');
        const sockets = await listen(person.accessToken);
        const refresh = (url: string) =>
          clientOf(url).post('/api/auth/refresh', { refreshToken: person.refreshToken });
        const { body } = await refresh(near.url);
        // Lost at one process, it is the same at the other.
        expect((await refresh(far.url)).body.refreshToken).to.equal(body.refreshToken);
        expect(await statusesOf(body.accessToken, '/api/auth/profile')).to.deep.equal([200, 200]);
        expect((await refresh(far.url)).status).to.equal(401);
        expect(await statusesOf(body.accessToken, '/api/auth/profile')).to.deep.equal([401, 401]);
        await until(() => sockets.every(({ closed }) => closed.length === 1), CLOSED_WITHIN_MS);
      });
    });
  }

  it('also for a request that began before, whose body ends after', async () => {
    const test = await startTestApp();
    try {
      const shop = await givenShop(test, 'SLOW');
      const body = JSON.stringify({
        email: 'late@example.com',
        name: 'Late',
        role: 'cashier',
        password: PASSWORD,
      });
      const [slow, honest] = [holdBack(shop, body), holdBack(shop, body)];
      await new Promise((resolve) => setTimeout(resolve, CLOSED_WITHIN_MS + 200));
      expect(await honest.end()).to.equal(201);
      const { body: people } = await shop.owner.get(`${shop.path}/users`);
      const { id } = people.data.find(({ email }: { email: string }) => email === shop.emails.manager);
      expect((await shop.owner.put(`${shop.path}/users/${id}`, { isDisabled: true })).status).to.equal(200);
      expect(await slow.end()).to.equal(401);
    } finally {
      await test.close();
    }

    /** A manager adds somebody, but for the last byte. */
    function holdBack({ manager, path }: TestShop, body: string): { end(): Promise<number> } {
      const sent = request(`${test.url}${path}/users`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${manager.token}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      });
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      sent.write(body.slice(0, -1));
      return {
        async end() {
          sent.end(body.slice(-1));
          const [response] = await answered;
          response.resume();
          return response.statusCode as number;
        },
      };
    }
  });

  it('also what the command line or another program changes in the tables', async () => {
    const test = await startTestApp();
    try {
      const shop = await givenShop(test, 'ROWS');
      const ear = await connectEar(test.url, { token: shop.cashier.token, shopId: shop.id });
      const db = await test.database.connect();
      await db.query('UPDATE users SET disabled_at = now() WHERE email = $1', [shop.emails.cashier]);
      expect((await shop.cashier.get('/api/auth/profile')).status).to.equal(401);
      await until(() => ear.closed.length === 1, CLOSED_WITHIN_MS);
      const unknown = await connectEar(test.url, { token: randomUUID(), shopId: shop.id });
      expect(unknown.refused).to.deep.equal(['unauthenticated']);
      for (const { socket } of [ear, unknown]) socket.disconnect();
    } finally {
      await test.close();
    }
  });
});
