import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import type { Role } from '../../src/contract/users.ts';
import { hashPassword } from '../../src/core/auth/passwords.ts';
import { createShop } from '../../src/core/shops/create-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, type Client, clientOf } from '../support/client.ts';
import { eventsOf, givenShop, PASSWORD, signIn, type TestShop } from '../support/factories.ts';
import { connectEar, until } from '../support/feed-ear.ts';
import { givenPerson, type Person, type World } from '../support/world.ts';

const NEW_PASSWORD = 'seven lamps over water';
const a = (role: Role) => (role === 'owner' ? 'an owner' : `a ${role}`);
const codeOf = ({ body }: Answer) => body.type?.replace('urn:smoocho:problem:', '');

describe('the people of a shop', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let other: TestShop;
  let world: World;
  let owner: { id: string };

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'STAF');
    other = await givenShop(test, 'OSTA');
    world = { test, shop, db: await test.database.connect() } as unknown as World;
    owner = (await shop.owner.get('/api/auth/profile')).body.user;
  });
  after(async () => {
    await world.db.end();
    await test.close();
  });

  const given = (role: Role, of = shop): Promise<Person> => givenPerson({ ...world, shop: of }, role);
  const as = ({ accessToken }: Person): Client => clientOf(test.url, accessToken);
  const pathOf = (id: string, of = shop) => `${of.path}/users/${id}`;
  const recordsOf = async (type: string, id: string) => {
    const sql = `SELECT chain_id, actor->>'id' AS by, address, details FROM security_log
                 WHERE type = $1 AND details->>'userId' = $2 ORDER BY seq`;
    return (await world.db.query(sql, [type, id])).rows;
  };
  const toldOf = async (id: string, of = shop) =>
    (await eventsOf(test, of.id)).filter(({ data }) => data.id === id);

  describe('the list', () => {
    it('has everybody of the shop, its owner and those who were disabled, and no hash', async () => {
      const gone = await given('cashier');
      await shop.owner.delete(pathOf(gone.id));
      const { body, text } = await shop.manager.get(`${shop.path}/users`);
      const emails = body.data.map(({ email }: { email: string }) => email);
      expect(emails).to.include.members([...Object.values(shop.emails), gone.email]);
      expect(emails).to.not.include(other.emails.owner);
      expect(text).to.not.match(/argon2|[hH]ash/);
    });

    it('has an owner of several shops in each of them', async () => {
      const second = { name: 'Second', code: 'SCND', currency: 'INR', timezone: 'Asia/Kolkata' };
      const { body } = await shop.owner.post('/api/shops', second);
      const list = await shop.owner.get(`/api/shops/${body.id}/users`);
      expect(list.body.data.map(({ id }: { id: string }) => id)).to.deep.equal([owner.id]);
    });
  });

  describe('who may change whom', () => {
    const everybody: Role[] = ['cashier', 'manager', 'owner'];
    const table: { by: Role; may: Role[] }[] = [
      { by: 'cashier', may: [] },
      { by: 'manager', may: ['cashier'] },
      { by: 'owner', may: everybody },
    ];
    for (const { by, may } of table) {
      for (const role of everybody) {
        const isAllowed = may.includes(role);
        it(`lets ${a(by)} ${isAllowed ? '' : 'not '}add, change and disable ${a(role)}`, async () => {
          const actor = as(await given(by));
          const target = await given(role);
          const email = `${randomUUID()}@example.com`;
          const newcomer = { name: 'Ravi', email, role, password: NEW_PASSWORD };
          const answers = [
            await actor.post(`${shop.path}/users`, newcomer),
            await actor.put(pathOf(target.id), { name: 'Ravi K' }),
            await actor.delete(pathOf(target.id)),
          ];
          const statuses = answers.map(({ status }) => status);
          expect(statuses).to.deep.equal(isAllowed ? [201, 200, 200] : [403, 403, 403]);
          const told = (await toldOf(target.id)).map(({ type }) => type);
          expect(told).to.deep.equal(isAllowed ? ['user_updated', 'user_updated'] : []);
        });
      }
    }

    it('lets a manager make nobody a manager', async () => {
      const { id } = await given('cashier');
      const answer = await shop.manager.put(pathOf(id), { role: 'manager' });
      expect([codeOf(answer), answer.body.detail]).to.deep.equal([
        'forbidden',
        'Only an owner can make somebody manager.',
      ]);
    });

    it('lets nobody change themselves here', async () => {
      const me = await given('owner');
      for (const change of [{ role: 'cashier' }, { isDisabled: true }, { password: NEW_PASSWORD }]) {
        expect(codeOf(await as(me).put(pathOf(me.id), change))).to.equal('forbidden');
      }
      expect(codeOf(await as(me).delete(pathOf(me.id)))).to.equal('forbidden');
      expect((await as(me).get('/api/auth/profile')).body.user).to.include({
        role: 'owner',
        disabledAt: null,
      });
    });

    it("leaves the shop's owner to themselves: another owner of it can take nothing over", async () => {
      const partner = as(await given('owner'));
      const changes = [
        { role: 'cashier' },
        { isDisabled: true },
        { password: NEW_PASSWORD },
        { email: 'x@example.com' },
      ];
      for (const change of changes) {
        expect(codeOf(await partner.put(pathOf(owner.id), change))).to.equal('forbidden');
      }
      expect(codeOf(await partner.delete(pathOf(owner.id)))).to.equal('forbidden');
      expect((await shop.owner.get('/api/auth/profile')).status).to.equal(200);
    });

    describe('who opened a shop of their own', () => {
      /** A partner whom the owner added, and who owns a shop by now. */
      async function givenPartner(code: string) {
        const partner = await given('owner');
        const theirs = { name: 'Mine', code, currency: 'INR', timezone: 'Asia/Kolkata' };
        const { status, body } = await as(partner).post('/api/shops', theirs);
        expect(status).to.equal(201);
        return { partner, own: { id: body.id, path: `/api/shops/${body.id}` } };
      }
      const takenOut: [how: string, take: (path: string) => Promise<Answer>][] = [
        ['taken off the staff', (path) => shop.owner.delete(path)],
        ['disabled', (path) => shop.owner.put(path, { isDisabled: true, version: 1 })],
      ];
      for (const [n, [how, take]] of takenOut.entries()) {
        it(`leaves the shop when ${how} by its owner, and keeps their account and their own`, async () => {
          const { partner, own } = await givenPartner(`LVS${'AB'[n]}`);
          const ear = await connectEar(test.url, { token: partner.accessToken, shopId: shop.id });
          const { status, body } = await take(pathOf(partner.id));
          expect([status, body.shopId, body.disabledAt, body.role]).to.deep.equal([200, null, null, 'owner']);
          await until(() => ear.closed.length > 0, 1_000);
          expect((await as(partner).get('/api/auth/profile')).status).to.equal(401);
          const again = await signIn(test, partner.email);
          expect((await again.get(`${shop.path}/users`)).status).to.equal(404);
          const list = await again.get(`${own.path}/users`);
          expect(list.body.data.map(({ id }: { id: string }) => id)).to.deep.equal([partner.id]);
          const profile = (await again.get('/api/auth/profile')).body;
          expect([profile.user.shopId, profile.shops.length]).to.deep.equal([own.id, 1]);
          const { body: left } = await shop.owner.get(`${shop.path}/users`);
          expect(left.data.map(({ id }: { id: string }) => id)).to.not.include(partner.id);
          const told = (await toldOf(partner.id)).map(({ type, data }) => [type, data.shopId, data.version]);
          expect(told).to.deep.equal([['user_updated', null, 2]]);
          expect(
            (await toldOf(partner.id, { ...shop, ...own })).map(({ data }) => data.shopId),
          ).to.deep.equal([own.id]);
          expect((await take(pathOf(partner.id))).status).to.equal(404);
        });
      }

      it('is changed in no other way, and by no other owner of the shop', async () => {
        const { partner } = await givenPartner('LVSC');
        const changes = [
          { role: 'cashier' },
          { password: NEW_PASSWORD },
          { pin: '4071' },
          { isDisabled: true, name: 'X' },
          { isDisabled: false },
        ];
        for (const change of changes) {
          expect(codeOf(await shop.owner.put(pathOf(partner.id), change))).to.equal('forbidden');
        }
        const stale = await shop.owner.put(pathOf(partner.id), { isDisabled: true, version: 7 });
        expect(codeOf(stale)).to.equal('version_conflict');
        const third = as(await given('owner'));
        expect(codeOf(await third.delete(pathOf(partner.id)))).to.equal('forbidden');
        expect(codeOf(await as(partner).delete(pathOf(owner.id)))).to.equal('forbidden');
        expect((await as(partner).get(`${shop.path}/users`)).status).to.equal(200);
        expect(await toldOf(partner.id)).to.deep.equal([]);
      });
    });

    it("knows nobody of another owner's shop, nor of one's other shop under this one", async () => {
      const theirs = await given('cashier', other);
      for (const path of [pathOf(theirs.id), pathOf(theirs.id, other), pathOf(randomUUID())]) {
        expect((await shop.owner.put(path, { name: 'X' })).status).to.equal(404);
        expect((await shop.owner.delete(path)).status).to.equal(404);
      }
      expect(await toldOf(theirs.id, other)).to.deep.equal([]);
    });

    it('refuses a bad body, a stale version, a taken e-mail, and changes nothing', async () => {
      const { id } = await given('cashier');
      const path = pathOf(id);
      const bad = await shop.owner.put(path, { role: 'boss', pin: '12', x: 1 });
      expect(bad.body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.have.members([
        '/role',
        '/pin',
        '/x',
      ]);
      const stale = await shop.owner.put(path, { name: 'X', version: 7 });
      expect([codeOf(stale), stale.body.current.version]).to.deep.equal(['version_conflict', 1]);
      const taken = await shop.owner.put(path, { email: shop.emails.owner });
      expect([codeOf(taken), taken.body.errors[0].pointer]).to.deep.equal(['already_exists', '/email']);
      const list = await shop.owner.get(`${shop.path}/users`);
      const now = list.body.data.find((user: { id: string }) => user.id === id);
      expect(now.version).to.equal(1);
      expect(await toldOf(id)).to.deep.equal([]);
    });
  });

  describe('what is told and recorded', () => {
    it('is who came and who left to every till, and an e-mail address to nobody', async () => {
      const { id } = await given('cashier');
      const left = await shop.manager.delete(pathOf(id));
      const back = await shop.manager.put(pathOf(id), { isDisabled: false });
      const [gone, again] = await toldOf(id);
      const { name, role, shopId } = left.body;
      expect(gone?.data).to.deep.equal({
        id,
        name,
        role,
        shopId,
        disabledAt: left.body.disabledAt,
        version: 2,
      });
      expect(left.body.disabledAt).to.be.a('string');
      expect([again?.data.disabledAt, again?.data.version, back.body.version]).to.deep.equal([null, 3, 3]);
    });

    it('is nothing when nothing changed', async () => {
      const { id } = await given('cashier');
      await shop.manager.delete(pathOf(id));
      const again = await shop.manager.delete(pathOf(id));
      expect([again.status, again.body.version]).to.deep.equal([200, 2]);
      expect(await toldOf(id)).to.have.length(1);
    });

    it('is a new password, PIN or e-mail in the log: by whom, from where, never what', async () => {
      const { id, email } = await given('cashier');
      const change = { password: NEW_PASSWORD, pin: '4071', email: `${id}@new.example.com` };
      await shop.owner.put(pathOf(id), change);
      const place = { chain_id: shop.id, by: owner.id, address: '127.0.0.1' };
      const who = { userId: id, name: 'cashier of STAF' };
      expect(await recordsOf('password_changed', id)).to.deep.equal([{ ...place, details: who }]);
      expect(await recordsOf('pin_changed', id)).to.deep.equal([
        { ...place, details: { ...who, hasPin: true } },
      ]);
      const emails = { before: email, after: change.email };
      expect(await recordsOf('email_changed', id)).to.deep.equal([
        { ...place, details: { ...who, ...emails } },
      ]);
      expect(await toldOf(id)).to.deep.equal([]);
    });
  });

  describe('a change acts at once', () => {
    /** Somebody at a till, with an open feed; how long until it is cut off. */
    async function givenAtWork(role: Role) {
      const person = await given(role);
      const ear = await connectEar(test.url, { token: person.accessToken, shopId: shop.id });
      expect(ear.starts).to.have.length(1);
      return { person, ear, closed: () => until(() => ear.closed.length > 0, 1_000) };
    }

    it('for who is disabled: their requests, feed and refresh token', async () => {
      const { person, closed } = await givenAtWork('cashier');
      await shop.manager.delete(pathOf(person.id));
      await closed();
      expect((await as(person).get('/api/auth/profile')).status).to.equal(401);
      const { refreshToken } = person;
      expect((await clientOf(test.url).post('/api/auth/refresh', { refreshToken })).status).to.equal(401);
      const { email } = person;
      const login = await clientOf(test.url).post('/api/auth/login', { email, password: PASSWORD });
      expect(codeOf(login)).to.equal('wrong_credentials');
      // Their sessions are gone for good.
      await shop.manager.put(pathOf(person.id), { isDisabled: false });
      expect((await as(person).get('/api/auth/profile')).status).to.equal(401);
      await signIn(test, email);
    });

    it('for whose password somebody else changed', async () => {
      const { person, closed } = await givenAtWork('manager');
      await shop.owner.put(pathOf(person.id), { password: NEW_PASSWORD });
      await closed();
      expect((await as(person).get('/api/auth/profile')).status).to.equal(401);
      await signIn(test, person.email, NEW_PASSWORD);
    });

    it('for who has another role: the next request, and the feed comes back as what they are', async () => {
      const { person, ear, closed } = await givenAtWork('manager');
      expect((await as(person).get(`${shop.path}/users`)).status).to.equal(200);
      await shop.owner.put(pathOf(person.id), { role: 'cashier' });
      expect((await as(person).get(`${shop.path}/users`)).status).to.equal(403);
      await closed();
      expect((await as(person).get('/api/auth/profile')).body.user.role).to.equal('cashier');
      ear.socket.connect();
      await until(() => ear.starts.length === 2);
      ear.socket.disconnect();
    });

    it('for who changed their own password: all other sessions, and not this one', async () => {
      const { person, closed } = await givenAtWork('cashier');
      const elsewhere = await signIn(test, person.email);
      const change = { password: NEW_PASSWORD, currentPassword: PASSWORD };
      expect((await elsewhere.put('/api/auth/profile', change)).status).to.equal(200);
      await closed();
      expect((await as(person).get('/api/auth/profile')).status).to.equal(401);
      expect((await elsewhere.get('/api/auth/profile')).status).to.equal(200);
      const { rows } = await world.db.query('SELECT end_reason FROM sessions WHERE id = $1', [
        person.sessionId,
      ]);
      expect(rows).to.deep.equal([{ end_reason: 'password' }]);
    });

    it('for who has another PIN or none any more, and not for a first one or another e-mail', async () => {
      const person = await given('cashier');
      const elsewhere = await signIn(test, person.email);
      const changes: [change: object, isOut: boolean][] = [
        [{ pin: '4071' }, false],
        [{ email: `${person.id}@new.example.com` }, false],
        [{ pin: '5938' }, true],
        [{ pin: null }, true],
      ];
      let email = person.email;
      for (const [change, isOut] of changes) {
        const there = await signIn(test, email);
        const set = await elsewhere.put('/api/auth/profile', { ...change, currentPassword: PASSWORD });
        email = set.body.email;
        const { status } = await there.get('/api/auth/profile');
        expect([set.status, status], JSON.stringify(change)).to.deep.equal([200, isOut ? 401 : 200]);
      }
      expect((await elsewhere.get('/api/auth/profile')).status).to.equal(200);
    });
  });

  describe('an owner who opens a shop while somebody else changes them', () => {
    const codes = ['SECA', 'SECB', 'SECC', 'SECD'];
    const newShop = () => {
      const code = codes.pop() as string;
      return { name: 'Second', code, currency: 'INR', timezone: 'Asia/Kolkata' } as const;
    };
    const isWaiting = async () => {
      const { rows } = await world.db.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%NO KEY%'",
      );
      return rows.length > 0;
    };
    const shopsOf = async ({ id }: Person) =>
      (await world.db.query('SELECT FROM shops WHERE owner_id = $1', [id])).rows.length;

    it('opens none when the change was first', async () => {
      const changer = await test.database.connect();
      for (const change of ["role = 'cashier'", 'disabled_at = now()']) {
        const person = await given('owner');
        await changer.query('BEGIN');
        await changer.query(`UPDATE users SET ${change} WHERE id = $1`, [person.id]);
        const opening = as(person).post('/api/shops', newShop());
        await until(isWaiting);
        await changer.query('COMMIT');
        const { status, body } = await opening;
        expect([status, body.errors?.[0].pointer], change).to.deep.equal([422, '/owner']);
        expect(await shopsOf(person)).to.equal(0);
      }
      await changer.end();
    });

    it('stays an owner when the shop was first', async () => {
      for (const change of [{ role: 'cashier' }, { isDisabled: true }]) {
        const person = await given('owner');
        // It was found that they own no shop; while the password waits to be hashed, they open one.
        const others = Array.from({ length: 12 }, () => hashPassword(PASSWORD));
        const changing = shop.owner.put(pathOf(person.id), { ...change, password: NEW_PASSWORD });
        await sleep(100);
        const context = systemContext(test.app, 'test');
        await context.em.transactional(async (em) => {
          await createShop({ ...context, em }, newShop(), person.id);
          await until(isWaiting);
        });
        const answer = await changing;
        expect([answer.status, codeOf(answer)], JSON.stringify(change)).to.deep.equal([403, 'forbidden']);
        await Promise.all(others);
        const sql = 'SELECT role, disabled_at FROM users WHERE id = $1';
        const { rows } = await world.db.query(sql, [person.id]);
        expect(rows).to.deep.equal([{ role: 'owner', disabled_at: null }]);
      }
    });
  });
});
