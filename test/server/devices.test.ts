import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { createPairingCode } from '../../src/core/devices/create-pairing-code.ts';
import { pairDevice } from '../../src/core/devices/pair-device.ts';
import type { Message } from '../../src/redis/bus.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenCode, givenDevice, loginOn, signInOn } from '../support/device-parts.ts';
import { eventsOf, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { tillOf } from '../support/shift-parts.ts';
import { givenPerson, type World } from '../support/world.ts';

const typeOf = (code: string) => `urn:smoocho:problem:${code}`;
const MINUTE_MS = 60_000;

describe('devices', () => {
  let test: TestApp;
  let shop: TestShop;
  let other: TestShop;
  let devices: string;
  let offsetMs = 0;
  const now = () => new Date(Date.now() + offsetMs);

  before(async () => {
    test = await startTestApp({ now });
    shop = await givenShop(test, 'DEV');
    other = await givenShop(test, 'OTH');
    devices = `${shop.path}/devices`;
  });
  afterEach(() => {
    offsetMs = 0;
  });
  after(() => test.close());

  const nobody = () => clientOf(test.url);
  const pair = (body: unknown) => nobody().post('/api/devices/pair', body);
  const listed = async (id: string) =>
    (await shop.manager.get(`${devices}?limit=200`)).body.data.find(
      (device: { id: string }) => device.id === id,
    );

  describe('are paired by a code', () => {
    it('that is shown once, and then by a token that is shown once', async () => {
      const made = await shop.manager.post(devices, { name: ' Till 2 ' });
      expect(made.status).to.equal(201);
      expect(made.body.code).to.match(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(made.body.name).to.equal('Till 2');
      expect(Date.parse(made.body.expiresAt) - now().getTime()).to.be.within(9.9 * MINUTE_MS, 10 * MINUTE_MS);
      const { status, body } = await pair({ code: made.body.code });
      expect(status).to.equal(201);
      expect(body.device).to.include({
        shopId: shop.id,
        name: 'Till 2',
        series: null,
        revokedAt: null,
        version: 1,
      });
      expect(body.shop).to.deep.equal({
        id: shop.id,
        name: 'Shop DEV',
        code: 'DEV',
        currency: 'INR',
        timezone: 'Asia/Kolkata',
      });
      expect(await listed(body.device.id)).to.deep.equal(body.device);
      const db = await test.database.connect();
      const { rows } = await db.query(
        'SELECT d.*, u.email FROM devices d JOIN users u ON u.id = d.paired_by WHERE d.id = $1',
        [body.device.id],
      );
      expect(rows[0].email).to.equal(shop.emails.manager);
      expect(rows[0].token_hash).to.match(/^[0-9a-f]{64}$/);
      const codes = await db.query('SELECT * FROM pairing_codes');
      const stored = JSON.stringify([rows, codes.rows]);
      expect(stored).to.not.include(body.deviceToken);
      expect(stored).to.not.include(made.body.code).and.not.include(made.body.code.replace('-', ''));
    });

    it('however it is typed, and with a name of its own', async () => {
      const code = await givenCode(shop);
      const typed = ` ${code.toLowerCase().replace('-', ' ')} `;
      const { status, body } = await pair({ code: typed, name: 'Terrace' });
      expect([status, body.device.name]).to.deep.equal([201, 'Terrace']);
    });

    it('once', async () => {
      const code = await givenCode(shop);
      expect((await pair({ code })).status).to.equal(201);
      const again = await pair({ code });
      expect([again.status, again.body.type]).to.deep.equal([403, typeOf('pairing_refused')]);
    });

    it('for ten minutes, and a wrong one is answered as an expired or used one', async () => {
      const [code, used] = [await givenCode(shop), await givenCode(shop)];
      await pair({ code: used });
      offsetMs = 10 * MINUTE_MS;
      const answers = [await pair({ code }), await pair({ code: used }), await pair({ code: '0000-0000' })];
      const bare = answers.map(({ body: { instance: _, ...body } }) => body);
      expect(bare[0]).to.include({ status: 403, type: typeOf('pairing_refused') });
      expect(bare).to.deep.equal([bare[0], bare[0], bare[0]]);
    });

    it('while whoever made it may still make one', async () => {
      const db = await test.database.connect();
      const world = { test, db, shop } as World;
      const person = await givenPerson(world, 'manager');
      const made = async () => {
        const { body } = await clientOf(test.url, person.accessToken).post(devices, { name: 'Till' });
        return body.code as string;
      };
      const changes = [
        'UPDATE users SET disabled_at = now() WHERE id = $1',
        "UPDATE users SET role = 'cashier' WHERE id = $1",
        'UPDATE users SET shop_id = $2 WHERE id = $1',
      ];
      for (const change of changes) {
        const [code, restored] = [await made(), await made()];
        await db.query(change, change.includes('$2') ? [person.id, other.id] : [person.id]);
        const { status, body } = await pair({ code });
        expect([status, body.type], change).to.deep.equal([403, typeOf('pairing_refused')]);
        await db.query("UPDATE users SET disabled_at = NULL, role = 'manager', shop_id = $2 WHERE id = $1", [
          person.id,
          shop.id,
        ]);
        // It was not used up by that.
        expect((await pair({ code: restored })).status).to.equal(201);
        expect((await pair({ code })).status).to.equal(201);
      }
    });

    it('that the owner made, who works in another shop by now', async () => {
      const { body } = await shop.owner.post(devices, { name: 'Till' });
      const db = await test.database.connect();
      const move = (to: TestShop) =>
        db.query('UPDATE users SET shop_id = $2 WHERE email = $1', [shop.emails.owner, to.id]);
      await move(other);
      expect((await pair({ code: body.code })).status).to.equal(201);
      await move(shop);
    });

    it('by one of fifty who bring it at once', async () => {
      const code = await givenCode(shop, 'Race');
      // Addresses of their own, so that all fifty get as far as the code.
      const tries = Array.from({ length: 50 }, (_, n) =>
        pairDevice({ app: test.app, em: test.app.orm.em.fork() }, `10.0.1.${n}`, {
          code: code.replace('-', ''),
        }),
      );
      const answers = await Promise.allSettled(tries);
      expect(answers.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : []));
      expect(new Set(reasons)).to.deep.equal(new Set(['pairing_refused']));
      const { body } = await shop.manager.get(`${devices}?limit=200`);
      const raced = body.data.filter(({ name }: { name: string }) => name === 'Race');
      expect(raced).to.have.length(1);
    });
  });

  it('has at most twenty open codes, and forgets the old ones', async () => {
    const busy = await givenShop(test, 'CODE');
    const path = `${busy.path}/devices`;
    const made = await Promise.all(
      Array.from({ length: 25 }, () => busy.manager.post(path, { name: 'Till' })),
    );
    expect(made.filter(({ status }) => status === 201)).to.have.length(20);
    const refused = made.find(({ status }) => status === 429);
    expect(refused?.body.type).to.equal(typeOf('too_many_requests'));
    expect(Number(refused?.headers.get('retry-after'))).to.be.within(590, 600);
    await pair({ code: made.find(({ status }) => status === 201)?.body.code });
    expect((await busy.manager.post(path, { name: 'Till' })).status).to.equal(201);
    offsetMs = 11 * MINUTE_MS;
    expect((await busy.manager.post(path, { name: 'Till' })).status).to.equal(201);
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT FROM pairing_codes WHERE shop_id = $1', [busy.id]);
    expect(rows).to.have.length(1);
  });

  it('are listed newest first, page by page, to managers of their own shop', async () => {
    for (const name of ['One', 'Two', 'Three']) await givenDevice(test, other, name);
    const path = `${other.path}/devices?limit=2`;
    const first = await other.manager.get(path);
    const second = await other.owner.get(`${path}&cursor=${first.body.nextCursor}`);
    const names = [...first.body.data, ...second.body.data].map(({ name }: { name: string }) => name);
    expect(names).to.deep.equal(['Three', 'Two', 'One']);
    expect(second.body.nextCursor).to.equal(null);
    expect((await other.cashier.get(path)).status).to.equal(403);
    expect((await shop.owner.get(path)).status).to.equal(404);
  });

  it('are renamed, for those who are signed in on them too', async () => {
    const paired = await givenDevice(test, shop, 'Bar');
    await signInOn(test, shop.emails.cashier, paired);
    const path = `${devices}/${paired.device.id}`;
    const renamed = await shop.manager.put(path, { name: 'Counter', version: 1 });
    expect([renamed.status, renamed.body.name, renamed.body.version]).to.deep.equal([200, 'Counter', 2]);
    const stale = await shop.manager.put(path, { name: 'Door', version: 1 });
    expect([stale.status, stale.body.current.name]).to.deep.equal([409, 'Counter']);
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT device_name FROM sessions WHERE device_id = $1', [
      paired.device.id,
    ]);
    expect(rows).to.deep.equal([{ device_name: 'Counter' }]);
  });

  it('of another shop are not there', async () => {
    const { device } = await givenDevice(test, other);
    const path = `${devices}/${device.id}`;
    const answers = [
      await shop.owner.put(path, { name: 'Mine' }),
      await shop.owner.delete(path),
      await shop.owner.post(`${path}/number-lease`, { id: randomUUID() }),
      await shop.owner.put(`${other.path}/devices/${device.id}`, { name: 'Mine' }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 404, 404, 404]);
  });

  describe('signing in on one', () => {
    it('needs its token, and is kept under its id and name', async () => {
      const paired = await givenDevice(test, shop, 'Counter');
      offsetMs = MINUTE_MS;
      const till = await signInOn(test, shop.emails.cashier, paired);
      const db = await test.database.connect();
      const { rows } = await db.query('SELECT device_id, device_name FROM sessions WHERE device_id = $1', [
        paired.device.id,
      ]);
      expect(rows).to.deep.equal([{ device_id: paired.device.id, device_name: 'Counter' }]);
      const seen = await listed(paired.device.id);
      expect(Date.parse(seen.lastSeenAt) - Date.parse(paired.device.lastSeenAt)).to.be.at.least(MINUTE_MS);
      expect(seen.version).to.equal(1);
      const shift = await till.post(`${shop.path}/shifts`, { id: randomUUID(), openingFloat: '10' });
      expect(shift.body.deviceId).to.equal(paired.device.id);
    });

    it('notes when it is seen again', async () => {
      const paired = await givenDevice(test, shop);
      const { body } = await loginOn(test, shop.emails.cashier, paired);
      const before = (await listed(paired.device.id)).lastSeenAt;
      offsetMs = 20 * MINUTE_MS;
      const renewed = await nobody().post('/api/auth/refresh', { refreshToken: body.refreshToken });
      expect(renewed.status).to.equal(200);
      const db = await test.database.connect();
      const seen = await db.query('SELECT last_seen_at FROM devices WHERE id = $1', [paired.device.id]);
      const after = seen.rows[0].last_seen_at.getTime();
      expect(after - Date.parse(before)).to.be.at.least(19 * MINUTE_MS);
    });

    it('is for the owner and the staff of its shop', async () => {
      const paired = await givenDevice(test, shop);
      for (const role of ['owner', 'manager', 'cashier'] as const) {
        expect((await loginOn(test, shop.emails[role], paired)).status).to.equal(200);
        const stranger = await loginOn(test, other.emails[role], paired);
        expect([stranger.status, stranger.body.type]).to.deep.equal([403, typeOf('device_refused')]);
      }
    });

    it('is refused with a wrong token, and after the password only', async () => {
      const { device, deviceToken } = await givenDevice(test, shop);
      const elsewhere = await givenDevice(test, shop);
      const email = shop.emails.cashier;
      const login = (password: string, to: unknown) =>
        nobody().post('/api/auth/login', { email, password, device: to });
      for (const token of ['x', elsewhere.deviceToken, deviceToken.toUpperCase()]) {
        const { status, body } = await login(PASSWORD, { id: device.id, token });
        expect([status, body.type]).to.deep.equal([403, typeOf('device_refused')]);
        expect(body.errors[0].pointer).to.equal('/device/id');
      }
      expect((await login(PASSWORD, { id: randomUUID(), token: deviceToken })).status).to.equal(403);
      for (const token of ['x', deviceToken]) {
        const { body } = await login('not my password', { id: device.id, token });
        expect(body.type).to.equal(typeOf('wrong_credentials'));
      }
    });

    it('is not claimed by its id alone', async () => {
      const { device } = await givenDevice(test, other);
      for (const id of [device.id, device.id.toUpperCase(), ` ${device.id}`]) {
        const { status, body } = await nobody().post('/api/auth/login', {
          email: shop.emails.cashier,
          password: PASSWORD,
          device: { id, name: 'Till' },
        });
        expect([status, body.type], id).to.deep.equal([403, typeOf('device_refused')]);
      }
      await tillOf(test, shop, randomUUID());
      await tillOf(test, shop, 'till-1');
    });
  });

  describe('that are revoked', () => {
    it('are signed out at once, and their tokens are worth nothing', async () => {
      const paired = await givenDevice(test, shop);
      const { body } = await loginOn(test, shop.emails.cashier, paired);
      const till = clientOf(test.url, body.accessToken);
      const beside = await signInOn(test, shop.emails.cashier, await givenDevice(test, shop));
      expect((await till.get(shop.path)).status).to.equal(200);
      const told: Message[] = [];
      const stop = test.app.bus.onMessage((message) => told.push(message));
      const path = `${devices}/${paired.device.id}`;
      const revoked = await shop.manager.delete(path);
      stop();
      expect([revoked.status, revoked.body.version]).to.deep.equal([200, 2]);
      expect(revoked.body.revokedAt).to.be.a('string');
      expect(told).to.deep.include({ kind: 'sessions' });
      expect((await till.get(shop.path)).status).to.equal(401);
      const { refreshToken } = body;
      expect((await nobody().post('/api/auth/refresh', { refreshToken })).status).to.equal(401);
      const login = await loginOn(test, shop.emails.cashier, paired);
      expect([login.status, login.body.type]).to.deep.equal([403, typeOf('device_refused')]);
      expect((await beside.get(shop.path)).status).to.equal(200);
      const again = await shop.manager.delete(path);
      expect([again.status, again.body]).to.deep.equal([200, revoked.body]);
      expect(await listed(paired.device.id)).to.deep.equal(revoked.body);
    });

    it('have no session left, whoever signs in at that moment', async () => {
      const paired = await givenDevice(test, shop);
      const logins = Array.from({ length: 8 }, () => loginOn(test, shop.emails.cashier, paired));
      await Promise.race(logins);
      const revoked = shop.manager.delete(`${devices}/${paired.device.id}`);
      await Promise.all([...logins, revoked]);
      const db = await test.database.connect();
      const { rows } = await db.query('SELECT FROM sessions WHERE device_id = $1 AND ended_at IS NULL', [
        paired.device.id,
      ]);
      expect(rows).to.have.length(0);
    });
  });

  it('tells all processes that somebody signed out', async () => {
    const till = await tillOf(test, shop, 'till-9');
    const told: Message[] = [];
    const stop = test.app.bus.onMessage((message) => told.push(message));
    await till.post('/api/auth/logout');
    stop();
    expect(told).to.deep.equal([{ kind: 'sessions' }]);
  });

  describe('what is told of the staff', () => {
    const told = async (type: string, of: TestShop) =>
      (await eventsOf(test, of.id, type)).map(({ data }) => data);

    it('is who came, without an e-mail address', async () => {
      const newcomer = { name: 'Ravi', email: 'ravi-dev@example.com', password: 'quite long enough' };
      const before = (await shop.cashier.get(`${shop.path}/events`)).body.position;
      const { body } = await shop.manager.post('/api/auth/register', newcomer);
      const { id, version } = body.user;
      const data = { id, name: 'Ravi', role: 'cashier', shopId: shop.id, disabledAt: null, version };
      const kept = { ...data, audit: { email: newcomer.email, hasPin: false } };
      expect((await told('user_created', shop)).at(-1)).to.deep.equal(kept);
      const { body: feed } = await shop.cashier.get(`${shop.path}/events?after=${before}`);
      expect(feed.data.map((event: { data: object }) => event.data)).to.deep.equal([data]);
      const taken = await shop.manager.post('/api/auth/register', { ...newcomer, name: 'Raj' });
      expect(taken.status).to.equal(409);
      expect((await told('user_created', shop)).at(-1)).to.deep.equal(kept);
    });

    it('is a new name, and neither a new e-mail address nor a new password', async () => {
      const before = (await told('user_updated', shop)).length;
      const renamed = await shop.cashier.put('/api/auth/profile', { name: 'Asha Rao' });
      const { id, role, shopId, version } = renamed.body;
      const data = { id, name: 'Asha Rao', role, shopId, disabledAt: null, version };
      expect((await told('user_updated', shop)).slice(before)).to.deep.equal([data]);
      const password = { password: 'another one, longer', currentPassword: PASSWORD };
      expect(
        (await shop.cashier.put('/api/auth/profile', { name: 'Asha Rao', ...password })).status,
      ).to.equal(200);
      const back = { password: PASSWORD, currentPassword: password.password, email: 'asha-dev@example.com' };
      expect((await shop.cashier.put('/api/auth/profile', back)).status).to.equal(200);
      expect(await told('user_updated', shop)).to.have.length(before + 1);
      const email = { email: shop.emails.cashier, currentPassword: PASSWORD };
      expect((await shop.cashier.put('/api/auth/profile', email)).status).to.equal(200);
    });

    it("is an owner's new name to each of their shops", async () => {
      const second = { name: 'Second', code: 'SEC', currency: 'INR', timezone: 'Asia/Kolkata' };
      const { body } = await other.owner.post('/api/shops', second);
      const { body: owner } = await other.owner.put('/api/auth/profile', { name: 'Meera' });
      for (const id of [other.id, body.id]) {
        const [event] = await eventsOf(test, id, 'user_updated');
        expect(event?.data).to.include({
          id: owner.id,
          name: 'Meera',
          role: 'owner',
          version: owner.version,
        });
      }
      expect((await told('user_updated', shop)).map(({ id }) => id)).to.not.include(owner.id);
    });
  });
});

describe('wrong pairing codes', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'TRY');
  });
  after(() => test.close());

  const code = async () => {
    const made = await createPairingCode(systemContext(test.app, 'test'), shop.id, 'Till');
    return made.code.replace('-', '');
  };
  const tryFrom = async (address: string, symbols: string): Promise<string> => {
    try {
      await pairDevice({ app: test.app, em: test.app.orm.em.fork() }, address, { code: symbols });
      return 'paired';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it('are ten for an address, and then even a right one is not looked at', async () => {
    const [right, elsewhere] = [await code(), await code()];
    const wrong = () => clientOf(test.url).post('/api/devices/pair', { code: '0000-0000' });
    const answers = await Promise.all(Array.from({ length: 14 }, wrong));
    expect(answers.filter(({ status }) => status === 403)).to.have.length(10);
    expect(answers.filter(({ status }) => status === 429)).to.have.length(4);
    const late = await clientOf(test.url).post('/api/devices/pair', { code: right });
    expect([late.status, late.body.type]).to.deep.equal([429, typeOf('too_many_requests')]);
    expect(late.body.detail).to.match(/^Too many wrong codes were tried\. Try again in 1\d minutes\.$/);
    expect(Number(late.headers.get('retry-after'))).to.be.within(880, 900);
    expect(late.body.retryAfter).to.equal(Number(late.headers.get('retry-after')));
    expect(await tryFrom('10.0.0.1', elsewhere)).to.equal('paired');
    expect(await tryFrom('10.0.0.1', right)).to.equal('paired');
  });

  it('count, and right ones do not', async () => {
    for (let n = 0; n < 15; n += 1) expect(await tryFrom('10.0.0.2', await code())).to.equal('paired');
    for (let n = 0; n < 9; n += 1) expect(await tryFrom('10.0.0.2', '00000000')).to.equal('pairing_refused');
    expect(await tryFrom('10.0.0.2', await code())).to.equal('paired');
    expect(await tryFrom('10.0.0.2', '00000000')).to.equal('pairing_refused');
    expect(await tryFrom('10.0.0.2', await code())).to.equal('too_many_requests');
  });

  it('are counted for the network that somebody has to themselves', async () => {
    for (let n = 0; n < 10; n += 1) {
      expect(await tryFrom(`2001:db8:1:1::${n}`, '00000000')).to.equal('pairing_refused');
    }
    const right = await code();
    expect(await tryFrom('2001:db8:1:1:ffff::1', right)).to.equal('too_many_requests');
    expect(await tryFrom('2001:db8:1:2::1', right)).to.equal('paired');
    // An IPv4 address is the same one, however it is written.
    for (let n = 0; n < 10; n += 1) await tryFrom('10.0.0.3', '00000000');
    expect(await tryFrom('::ffff:10.0.0.3', await code())).to.equal('too_many_requests');
  });

  it('are two thousand for all together: a few networks close nobody out', async () => {
    const wrong = (n: number) => tryFrom(`10.1.${n % 20}.${Math.floor(n / 20)}`, '00000000');
    const answers: string[] = [];
    for (let n = 0; n < 2_000; n += 1) answers.push(await wrong(n));
    // Forty were tried above.
    expect(answers.indexOf('too_many_requests')).to.equal(1_960);
    expect(await tryFrom('10.0.3.1', await code())).to.equal('too_many_requests');
  }).timeout(120_000);
});
