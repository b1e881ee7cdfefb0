import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { verifyPassword } from '../../src/core/auth/passwords.ts';
import { checkPin } from '../../src/core/auth/pin.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Answer, clientOf } from '../support/client.ts';
import { givenDevice, type PairedDevice } from '../support/device-parts.ts';
import { givenShop, PASSWORD, signIn, type TestShop } from '../support/factories.ts';
import { givePin, PIN, pinLogin, shownBy } from '../support/pin-parts.ts';
import { medianOf, rankDeviations } from '../support/ranks.ts';
import { inLanes } from '../support/shots.ts';

const WRONG = '7318';
const FAILURES = 10;
/** As often as somebody known is tried, and somebody unknown. */
const MEASURED = 30;
/** By chance alone they are larger once in 15,000 runs. */
const MOST_DEVIATIONS = 4;
const MOST_SHARE = 0.25;
/** Each waits ten seconds at most. */
const MOST_TRIES = 4;

describe('signing in with a PIN', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let other: TestShop;
  let till: PairedDevice;
  let db: pg.Client;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'PIN');
    other = await givenShop(test, 'OPIN');
    till = await givenDevice(test, shop, 'Counter');
    db = await test.database.connect();
  });
  after(async () => {
    await db.end();
    await test.close();
  });

  /** Somebody new of the shop, so that what they got wrong before counts for nobody else. */
  async function givenCashier(pin: string | null = PIN, of = shop) {
    const email = `${randomUUID()}@example.com`;
    const body = { name: 'Ravi', email, role: 'cashier', password: PASSWORD, ...(pin ? { pin } : {}) };
    const answer = await of.owner.post(`${of.path}/users`, body);
    if (answer.status !== 201) throw new Error(answer.text);
    return { id: answer.body.id as string, email };
  }
  const givenTill = () => givenDevice(test, shop, randomUUID());
  const givenTills = (count: number) => Promise.all(Array.from({ length: count }, givenTill));
  const tryPin = (id: string, pin: string, on = till) => pinLogin(test, id, pin, on);
  /** As a till does on a busy server: what waited too long for its hash is sent again. */
  async function tryUntilVerified(id: string, pin: string, on: PairedDevice): Promise<Answer> {
    for (let n = 0; ; n += 1) {
      const answer = await tryPin(id, pin, on);
      if (codeOf(answer)[1] !== 'too_busy' || n === MOST_TRIES) return answer;
    }
  }
  const failuresOf = async (id: string) =>
    (await db.query('SELECT pin_failures FROM users WHERE id = $1', [id])).rows[0].pin_failures as number;
  const hashOf = async (id: string) =>
    (await db.query('SELECT pin_hash FROM users WHERE id = $1', [id])).rows[0].pin_hash as string;
  const recordsOf = async (type: string, id: string) =>
    (
      await db.query(
        `SELECT actor, device_id, details FROM security_log
         WHERE type = $1 AND (details->>'userId' = $2 OR actor->>'id' = $2) ORDER BY seq`,
        [type, id],
      )
    ).rows;
  const codeOf = ({ status, body }: Answer) => [status, body.type?.replace('urn:smoocho:problem:', '')];
  const refusedPin = [401, 'wrong_credentials'];

  /** The last of ten wrong ones. */
  async function lock(id: string): Promise<void> {
    await db.query('UPDATE users SET pin_failures = $2 WHERE id = $1', [id, FAILURES - 1]);
    expect(codeOf(await tryPin(id, WRONG, await givenTill()))).to.deep.equal(refusedPin);
  }

  it('starts a session on that device, and says in the records how', async () => {
    const { id } = await givenCashier();
    const { status, body } = await tryPin(id, PIN);
    expect([status, body.user.id, body.user.hasPin]).to.deep.equal([200, id, true]);
    const sessions = await clientOf(test.url, body.accessToken).get('/api/auth/sessions');
    expect(sessions.body.data[0]).to.include({ deviceId: till.device.id, isCurrent: true });
    expect(await recordsOf('signed_in', id)).to.deep.equal([
      { actor: { kind: 'user', id, name: 'Ravi' }, device_id: till.device.id, details: { method: 'pin' } },
    ]);
  });

  it("is for managers and the shop's owner too", async () => {
    const { body } = await shop.owner.get(`${shop.path}/users`);
    for (const { id, role } of body.data.filter((user: { role: string }) => user.role !== 'cashier')) {
      await givePin(test, id);
      const { status, body } = await tryPin(id, PIN);
      expect([status, body.user.role]).to.deep.equal([200, role]);
    }
  });

  describe('on a device', () => {
    const refused = [403, 'device_refused'];
    const devices: [what: string, make: () => Promise<PairedDevice>][] = [
      ['that is not paired', async () => ({ ...till, device: { ...till.device, id: randomUUID() } })],
      ['with a wrong token', async () => ({ ...till, deviceToken: 'x'.repeat(43) })],
      [
        'with the token of another one',
        async () => ({ ...till, deviceToken: (await givenTill()).deviceToken }),
      ],
      [
        'that was revoked',
        async () => {
          const lost = await givenTill();
          await shop.manager.delete(`${shop.path}/devices/${lost.device.id}`);
          return lost;
        },
      ],
    ];
    for (const [what, make] of devices) {
      it(`${what} is refused, whoever it is, and nothing is counted`, async () => {
        const { id } = await givenCashier();
        const device = await make();
        expect(codeOf(await tryPin(id, PIN, device))).to.deep.equal(refused);
        expect(codeOf(await tryPin(id, WRONG, device))).to.deep.equal(refused);
        const people = await clientOf(test.url).post('/api/auth/pin/people', { device: shownBy(device) });
        expect(codeOf(people)).to.deep.equal(refused);
        expect(await failuresOf(id)).to.equal(0);
      });
    }

    it('of another shop is as a wrong PIN', async () => {
      const { id } = await givenCashier();
      const theirs = await givenDevice(test, other);
      expect(codeOf(await tryPin(id, PIN, theirs))).to.deep.equal(refusedPin);
      expect(await failuresOf(id)).to.equal(0);
    });
  });

  it('answers a wrong PIN, a wrong person, no PIN, somebody disabled and somebody locked alike', async () => {
    const wrong = await givenCashier();
    const none = await givenCashier(null);
    const gone = await givenCashier();
    await shop.owner.delete(`${shop.path}/users/${gone.id}`);
    const locked = await givenCashier();
    await lock(locked.id);
    const answers = [
      await tryPin(wrong.id, WRONG),
      await tryPin(wrong.id, 'none at all'),
      await tryPin(randomUUID(), PIN),
      await tryPin(none.id, PIN),
      await tryPin(gone.id, PIN),
      await tryPin(locked.id, PIN),
      await tryPin((await givenCashier(PIN, other)).id, PIN),
    ];
    const [first] = answers;
    expect(codeOf(first as Answer)).to.deep.equal(refusedPin);
    for (const { status, body } of answers) {
      expect([status, { ...body, instance: '' }]).to.deep.equal([401, { ...first?.body, instance: '' }]);
    }
  });

  it('takes as long for somebody unknown as for somebody known', async () => {
    const [known, unknown] = [await givenTills(2), await givenTills(2)];
    const people = await Promise.all(Array.from({ length: 4 }, () => givenCashier()));
    const strangers = people.map(() => randomUUID());
    const times = { known: [] as number[], unknown: [] as number[], unhashed: [] as number[] };
    const measure = async (of: number[], id: string, on: PairedDevice, status = 401) => {
      const start = performance.now();
      expect((await tryPin(id, WRONG, on)).status).to.equal(status);
      of.push(performance.now() - start);
    };
    for (let n = 0; n < MEASURED; n += 1) {
      const on = Math.floor(n / 20);
      await measure(times.known, people[n % 4]?.id as string, known[on] as PairedDevice);
      await measure(times.unknown, strangers[n % 4] as string, unknown[on] as PairedDevice);
    }
    const [tired] = known as [PairedDevice];
    for (let n = 0; n < MEASURED; n += 1) await measure(times.unhashed, randomUUID(), tired, 429);
    const { known: hashed, ...others } = times;
    const share = (of: number[]) => Math.abs(medianOf(of) / medianOf(hashed) - 1);
    const deviations = (of: number[]) => Math.abs(rankDeviations(hashed, of));
    for (const [who, of] of Object.entries(others)) {
      console.log(
        `      ${who}: median ${medianOf(of).toFixed(1)} ms, known ${medianOf(hashed).toFixed(1)} ms; ${deviations(of).toFixed(1)} deviations apart`,
      );
    }
    // A busy machine spreads the times, and what is alike has other medians by chance; an idle one shows each fraction of a
    // millisecond, which nobody sees through a network. What tells the two apart is large and no chance.
    const isTold = (of: number[]) => deviations(of) > MOST_DEVIATIONS && share(of) > MOST_SHARE;
    expect([isTold(times.unknown), isTold(times.unhashed)]).to.deep.equal([false, true]);
  });

  it('waits after five wrong ones of a person on a device, even for the right one', async () => {
    const { id } = await givenCashier();
    for (let n = 0; n < 5; n += 1) expect(codeOf(await tryPin(id, WRONG))).to.deep.equal(refusedPin);
    const late = await tryPin(id, PIN);
    expect(codeOf(late)).to.deep.equal([429, 'too_many_requests']);
    expect(Number(late.headers.get('retry-after'))).to.be.within(1, 300);
    expect((await tryPin((await givenCashier()).id, PIN)).status, 'somebody else').to.equal(200);
    expect((await tryPin(id, PIN, await givenTill())).status, 'another device').to.equal(200);
  });

  it('waits after twenty wrong ones of all people on a device', async () => {
    const on = await givenTill();
    const { id } = await givenCashier();
    for (let n = 0; n < 20; n += 1) await tryPin(randomUUID(), WRONG, on);
    expect(codeOf(await tryPin(id, PIN, on))).to.deep.equal([429, 'too_many_requests']);
    expect(await failuresOf(id)).to.equal(0);
  });

  it('is never refused for right ones, however many', async () => {
    const { id } = await givenCashier();
    const on = await givenTill();
    for (let n = 0; n < 21; n += 1) expect((await tryPin(id, PIN, on)).status).to.equal(200);
  });

  describe('after ten wrong ones in a row', () => {
    it('is locked on every device, and it is recorded once', async () => {
      const { id } = await givenCashier();
      for (const on of await givenTills(2)) {
        for (let n = 0; n < FAILURES / 2; n += 1) await tryPin(id, WRONG, on);
      }
      for (const on of await givenTills(3)) {
        expect(codeOf(await tryPin(id, PIN, on))).to.deep.equal(refusedPin);
      }
      const locked = await recordsOf('pin_locked', id);
      expect(locked.map(({ actor, details }) => [actor.id, details])).to.deep.equal([
        [null, { userId: id, name: 'Ravi', failures: FAILURES }],
      ]);
      expect(await recordsOf('sign_in_failed', id)).to.have.length(13);
    });

    it('is looked at no more often when twenty-five come at once', async () => {
      const { id } = await givenCashier();
      const tills = await givenTills(5);
      const tries = tills.flatMap((on) => Array.from({ length: 5 }, () => on));
      const answers = await Promise.all(tries.map((on) => tryUntilVerified(id, WRONG, on)));
      for (const answer of answers) expect(codeOf(answer)).to.deep.equal(refusedPin);
      expect(await failuresOf(id)).to.equal(FAILURES);
      expect(codeOf(await tryPin(id, PIN, await givenTill()))).to.deep.equal(refusedPin);
      expect(await recordsOf('pin_locked', id)).to.have.length(1);
    });

    it('is found by nobody who tries them all, with as many devices as they like', async () => {
      const { id } = await givenCashier();
      const tills = await givenTills(6);
      const pins = Array.from({ length: 30 }, (_, n) => String(4042 + n));
      expect(pins).to.include(PIN);
      const found: string[] = [];
      await inLanes(6, pins, async (pin) => {
        const on = tills[pins.indexOf(pin) % tills.length] as PairedDevice;
        if ((await tryPin(id, pin, on)).status === 200) found.push(pin);
      });
      expect([found, await failuresOf(id)]).to.deep.equal([[], FAILURES]);
    });

    it('stays locked for a process that has counted nothing yet', async () => {
      const { id } = await givenCashier();
      await lock(id);
      const fresh = await startTestApp({ beside: test });
      const answer = await pinLogin(fresh, id, PIN, till);
      expect(codeOf(answer)).to.deep.equal(refusedPin);
      await fresh.close();
    });

    it('counts again after the password, on however many tills at once', async () => {
      const { id, email } = await givenCashier();
      await lock(id);
      await Promise.all(Array.from({ length: 4 }, () => signIn(test, email)));
      expect((await tryPin(id, PIN)).status).to.equal(200);
    });

    it('counts again when somebody sets a new one', async () => {
      const { id } = await givenCashier();
      await lock(id);
      expect((await shop.manager.put(`${shop.path}/users/${id}`, { pin: '90417' })).status).to.equal(200);
      expect(codeOf(await tryPin(id, PIN))).to.deep.equal(refusedPin);
      expect((await tryPin(id, '90417')).status).to.equal(200);
      expect(await failuresOf(id)).to.equal(0);
    });
  });

  it('begins anew after a right one', async () => {
    const { id } = await givenCashier();
    for (const on of await givenTills(3)) {
      for (let n = 0; n < 4; n += 1) await tryPin(id, WRONG, on);
      expect((await tryPin(id, PIN, on)).status).to.equal(200);
    }
  });

  it('counts nothing that could not be looked at', async () => {
    const { id } = await givenCashier();
    await db.query("UPDATE users SET pin_hash = 'no hash' WHERE id = $1", [id]);
    for (let n = 0; n < 6; n += 1) expect((await tryPin(id, PIN)).status).to.equal(500);
    expect(await failuresOf(id)).to.equal(0);
  });

  it('is kept as a hash that says nothing without the key', async () => {
    const [first, second] = [await givenCashier(), await givenCashier()];
    const [one, two] = [await hashOf(first.id), await hashOf(second.id)];
    expect(one).to.match(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    expect(await verifyPassword(PIN, one, 'known')).to.equal(false);
    expect(two).to.not.equal(one);
    // Nor can anybody put their own hash, whose PIN they know, in somebody else's place.
    await db.query('UPDATE users SET pin_hash = $2 WHERE id = $1', [second.id, one]);
    expect(codeOf(await tryPin(second.id, PIN))).to.deep.equal(refusedPin);
    expect((await tryPin(first.id, PIN)).status).to.equal(200);
  });

  it('is taken away, and stands in no answer and no record', async () => {
    const { id } = await givenCashier();
    const { body } = await tryPin(id, PIN);
    const me = clientOf(test.url, body.accessToken);
    expect((await me.put('/api/auth/profile', { pin: '5938' })).status, 'without the password').to.equal(401);
    const set = await me.put('/api/auth/profile', { pin: '5938', currentPassword: PASSWORD });
    expect([set.status, set.body.hasPin]).to.deep.equal([200, true]);
    expect(codeOf(await tryPin(id, PIN))).to.deep.equal(refusedPin);
    const gone = await me.put('/api/auth/profile', { pin: null, currentPassword: PASSWORD });
    expect([gone.status, gone.body.hasPin]).to.deep.equal([200, false]);
    expect(codeOf(await tryPin(id, '5938'))).to.deep.equal(refusedPin);
    const changes = (await recordsOf('pin_changed', id)).map(({ details }) => details);
    expect(changes).to.deep.equal([
      { userId: id, name: 'Ravi', hasPin: true },
      { userId: id, name: 'Ravi', hasPin: false },
    ]);
    const { rows } = await db.query('SELECT string_agg(details::text, $1) AS all FROM security_log', ['\n']);
    expect(rows[0].all).to.not.include('5938').and.not.include(PASSWORD);
  });

  describe('that somebody else changes', () => {
    const changes: [how: string, change: object][] = [
      ['to another one', { pin: '90417' }],
      ['to none', { pin: null }],
      ['by a new password', { password: 'seven lamps over water' }],
    ];
    for (const [how, change] of changes) {
      it(`${how} does not count any more, and ends the sessions that it started`, async () => {
        const { id } = await givenCashier();
        const { body } = await tryPin(id, PIN);
        const changed = await shop.manager.put(`${shop.path}/users/${id}`, change);
        expect([changed.status, changed.body.hasPin]).to.deep.equal([
          200,
          'pin' in change && change.pin !== null,
        ]);
        expect((await clientOf(test.url, body.accessToken).get('/api/auth/profile')).status).to.equal(401);
        expect(codeOf(await tryPin(id, PIN))).to.deep.equal(refusedPin);
        expect(await recordsOf('pin_changed', id)).to.have.length(1);
      });
    }

    it('stands when it is set together with the password', async () => {
      const { id } = await givenCashier();
      const change = { password: 'seven lamps over water', pin: '90417' };
      expect((await shop.manager.put(`${shop.path}/users/${id}`, change)).body.hasPin).to.equal(true);
      expect((await tryPin(id, '90417')).status).to.equal(200);
    });

    it('ends no session when it is the first one, or when something else changes', async () => {
      const { id, email } = await givenCashier(null);
      const me = await signIn(test, email);
      for (const change of [{ pin: PIN }, { name: 'Ravi K' }]) {
        expect((await shop.manager.put(`${shop.path}/users/${id}`, change)).status).to.equal(200);
        expect((await me.get('/api/auth/profile')).status).to.equal(200);
      }
    });
  });

  it('that one changes oneself ends all other sessions, and not this one', async () => {
    const { id } = await givenCashier();
    for (const pin of ['90417', null]) {
      await givePin(test, id);
      const [mine, other] = [await tryPin(id, PIN), await tryPin(id, PIN)].map(({ body }) =>
        clientOf(test.url, body.accessToken),
      );
      const changed = await mine?.put('/api/auth/profile', { pin, currentPassword: PASSWORD });
      expect(changed?.status).to.equal(200);
      expect((await other?.get('/api/auth/profile'))?.status).to.equal(401);
      expect((await mine?.get('/api/auth/profile'))?.status).to.equal(200);
    }
    await givePin(test, id);
    const me = clientOf(test.url, (await tryPin(id, PIN)).body.accessToken);
    const own = { password: 'seven lamps over water', currentPassword: PASSWORD };
    expect((await me.put('/api/auth/profile', own)).body.hasPin, "with a password of one's own").to.equal(
      true,
    );
  });

  it('is offered to those of the shop who have one, by name, without e-mail addresses', async () => {
    await givePin(test, (await givenCashier()).id);
    const gone = await givenCashier();
    await shop.owner.delete(`${shop.path}/users/${gone.id}`);
    const { body } = await clientOf(test.url).post('/api/auth/pin/people', { device: shownBy(till) });
    const { rows } = await db.query(
      'SELECT id FROM users WHERE pin_hash IS NOT NULL AND disabled_at IS NULL AND shop_id = $1',
      [shop.id],
    );
    expect(body.data.map(({ id }: { id: string }) => id).sort()).to.deep.equal(
      rows.map(({ id }) => id).sort(),
    );
    expect(body.data[0]).to.have.all.keys('id', 'name', 'role');
  });
});

describe('what a PIN may be', () => {
  const guessed = '0000 7777 1234 4321 2345 7890 0987 1212 6969 123123 12121212 2580 1122 1984 2025 12345678';
  for (const pin of guessed.split(' ')) {
    it(`is not ${pin}, which is tried first`, () => {
      expect(() => checkPin(pin)).to.throw('This PIN is one that is tried first');
    });
  }

  it('is nearly all others', () => {
    const refused = Array.from({ length: 10_000 }, (_, n) => String(n).padStart(4, '0')).filter((pin) => {
      try {
        checkPin(pin);
        return false;
      } catch {
        return true;
      }
    });
    expect(refused.length).to.be.below(350);
  });
});
