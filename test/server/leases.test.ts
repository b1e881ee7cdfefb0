import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import type { NumberLease } from '../../src/contract/devices.ts';
import { formatLentNumber } from '../../src/core/devices/lent-number.ts';
import { seriesAfter } from '../../src/core/devices/series.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Client, clientOf } from '../support/client.ts';
import { givenDevice, leaseOf, type PairedDevice, signInOn } from '../support/device-parts.ts';
import { givenShop, signIn, type TestShop } from '../support/factories.ts';

const typeOf = (code: string) => `urn:smoocho:problem:${code}`;

describe('leasing numbers', () => {
  let test: TestApp;
  let shop: TestShop;
  /** Noon in India, within the fiscal year from April 2026 to March 2027. */
  const NOON = new Date('2026-08-01T06:30:00Z');
  let now = NOON;

  before(async () => {
    test = await startTestApp({ now: () => now });
    shop = await givenShop(test, 'KULF');
  });
  afterEach(async () => {
    now = NOON;
    // A token from a year ahead is none.
    shop.manager = await signIn(test, shop.emails.manager);
  });
  after(() => test.close());

  /** Another time, for which the manager signs in again; other sessions may be forgotten by then. */
  async function travel(of: TestShop, time: string): Promise<void> {
    now = new Date(time);
    of.manager = await signIn(test, of.emails.manager);
  }

  const pathOf = (of: TestShop, { device }: PairedDevice) => `${of.path}/devices/${device.id}/number-lease`;
  const lease = (paired: PairedDevice, body: unknown, client = shop.manager, of = shop) =>
    client.post(pathOf(of, paired), body);

  async function leased(paired: PairedDevice, count: number, fields = {}, of = shop): Promise<NumberLease> {
    const { status, body, text } = await lease(paired, leaseOf(count, fields), of.manager, of);
    if (status !== 201) throw new Error(`No numbers were lent: ${text}`);
    return body;
  }

  /** A bill for each of the first `used` numbers, as they come in from a device that was offline. */
  async function use(of: TestShop, { prefix, digits, first }: NumberLease, used: number): Promise<void> {
    const db = await test.database.connect();
    await db.query(
      `INSERT INTO orders (id, shop_id, order_number, items, subtotal, total, status, business_date, request_hash, item_quantity)
       SELECT gen_random_uuid(), $1, $2 || lpad(n::text, $3, '0'), '[]', 0, 0, 'completed', '2026-08-01', '', 1
       FROM generate_series($4::int, $5) AS n`,
      [of.id, prefix, digits, first, first + used - 1],
    );
  }

  it('gives a device numbers of its own series, and goes on where they ended', async () => {
    const paired = await givenDevice(test, shop);
    const first = await lease(paired, leaseOf());
    expect(first.status).to.equal(201);
    expect(first.body).to.deep.include({
      deviceId: paired.device.id,
      prefix: 'KULF-A/2627/',
      digits: 4,
      first: 1,
      last: 100,
      from: '2026-04-01',
      to: '2027-03-31',
      leasedAt: NOON.toISOString(),
    });
    expect(await leased(paired, 7)).to.include({ first: 101, last: 107, prefix: 'KULF-A/2627/' });
    const other = await givenDevice(test, shop);
    expect(await leased(other, 1)).to.include({ first: 1, last: 1, prefix: 'KULF-B/2627/' });
    const { body } = await shop.manager.get(`${shop.path}/devices`);
    expect(body.data.map(({ series }: { series: string }) => series)).to.deep.equal(['B', 'A']);
  });

  it('gives the same lease to the same id again, and to nothing else', async () => {
    const paired = await givenDevice(test, shop);
    const body = leaseOf(30);
    const first = await lease(paired, body);
    await leased(paired, 5);
    await travel(shop, '2027-05-01T06:30:00Z');
    for (const again of [body, { ...body, day: '2026-04-01' }, { ...body, day: '2027-03-31' }]) {
      const answer = await lease(paired, again);
      expect([answer.status, answer.body]).to.deep.equal([200, first.body]);
    }
    const elsewhere = await givenShop(test, 'ELSE');
    const conflicts = [
      await lease(paired, { ...body, count: 31 }),
      await lease(paired, { ...body, day: '2027-04-01' }),
      await lease(await givenDevice(test, shop), body),
      await lease(await givenDevice(test, elsewhere), body, elsewhere.manager, elsewhere),
    ];
    for (const { status, body: problem } of conflicts) {
      expect([status, problem.type, problem.errors[0].pointer]).to.deep.equal([
        409,
        typeOf('lease_conflict'),
        '/id',
      ]);
    }
  });

  it('is for who is signed in on the device, or a manager', async () => {
    const [paired, beside] = [await givenDevice(test, shop), await givenDevice(test, shop)];
    const till = await signInOn(test, shop.emails.cashier, paired);
    const elsewhere = await signIn(test, shop.emails.cashier);
    const owner = await signIn(test, shop.emails.owner);
    expect((await lease(paired, leaseOf(1), till)).status).to.equal(201);
    for (const [to, client] of [
      [beside, till],
      [paired, elsewhere],
    ] as [PairedDevice, Client][]) {
      const { status, body } = await lease(to, leaseOf(1), client);
      expect([status, body.type]).to.deep.equal([403, typeOf('forbidden')]);
    }
    expect((await lease(beside, leaseOf(1), owner)).status).to.equal(201);
    expect((await lease(paired, leaseOf(1), clientOf(test.url))).status).to.equal(401);
  });

  it('lends nothing to a device that was revoked', async () => {
    const paired = await givenDevice(test, shop);
    await shop.manager.delete(`${shop.path}/devices/${paired.device.id}`);
    const { status, body } = await lease(paired, leaseOf(1));
    expect([status, body.type, body.detail]).to.deep.equal([
      409,
      typeOf('lease_refused'),
      'This device was revoked. Pair it anew to lend it numbers.',
    ]);
  });

  it('to four devices, five each at once, gives no number twice and leaves none out', async () => {
    const busy = await givenShop(test, 'BUSY');
    const devices = await Promise.all(Array.from({ length: 4 }, () => givenDevice(test, busy)));
    const counts = [10, 20, 30, 40, 50];
    const answers = await Promise.all(
      counts.flatMap((count) => devices.map((paired) => lease(paired, leaseOf(count), busy.manager, busy))),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(20).fill(201));
    const leases = answers.map(({ body }) => body as NumberLease);
    const prefixes = new Set(leases.map(({ prefix }) => prefix));
    expect([...prefixes].sort()).to.deep.equal(['A', 'B', 'C', 'D'].map((letter) => `BUSY-${letter}/2627/`));
    for (const { device } of devices) {
      const own = leases.filter(({ deviceId }) => deviceId === device.id).sort((a, b) => a.first - b.first);
      expect(new Set(own.map(({ prefix }) => prefix)).size).to.equal(1);
      const numbers = own.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, n) => first + n),
      );
      expect(numbers).to.deep.equal(Array.from({ length: 150 }, (_, n) => n + 1));
    }
  });

  it('once, when the same request comes many times at once', async () => {
    const paired = await givenDevice(test, shop);
    const body = leaseOf(3);
    const answers = await Promise.all(Array.from({ length: 8 }, () => lease(paired, body)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([...Array(7).fill(200), 201]);
    expect(new Set(answers.map(({ text }) => text)).size).to.equal(1);
    expect((await leased(paired, 1)).first).to.equal(4);
  });

  it('under one id, to one of many devices that bring it at once', async () => {
    const devices = await Promise.all(Array.from({ length: 6 }, () => givenDevice(test, shop)));
    const body = leaseOf(3);
    const answers = await Promise.all(devices.map((paired) => lease(paired, body)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, ...Array(5).fill(409)]);
  });

  describe('across the fiscal year', () => {
    it('begins at 1 again, and shortly before it too', async () => {
      const paired = await givenDevice(test, shop);
      await travel(shop, '2027-03-01T06:30:00Z');
      const old = await leased(paired, 10);
      expect(old).to.include({ first: 1, last: 10, to: '2027-03-31' });
      const next = await leased(paired, 10, { day: '2027-04-01' });
      expect(next).to.include({ first: 1, last: 10, from: '2027-04-01', to: '2028-03-31' });
      expect(next.prefix).to.equal(old.prefix.replace('2627', '2728'));
      expect(await leased(paired, 10, { day: '2026-04-01' })).to.include({ first: 11, from: '2026-04-01' });
      await travel(shop, '2027-03-31T18:29:00Z');
      expect(await leased(paired, 10)).to.include({ first: 21, to: '2027-03-31' });
      await travel(shop, '2027-03-31T18:31:00Z');
      expect(await leased(paired, 10)).to.include({ first: 11, from: '2027-04-01' });
    });

    it('reaches 31 days ahead, and back to no year that has ended', async () => {
      const paired = await givenDevice(test, shop);
      expect((await lease(paired, leaseOf(1, { day: '2026-09-01' }))).status).to.equal(201);
      for (const day of ['2026-09-02', '9999-12-31', '2026-03-31', '0001-01-01']) {
        const { status, body } = await lease(paired, leaseOf(1, { day }));
        expect([status, body.type], day).to.deep.equal([409, typeOf('lease_refused')]);
        expect(body.errors[0].pointer).to.equal('/day');
      }
    });

    it('is the calendar year where that is the fiscal year', async () => {
      const american = await givenShop(test, 'USA', { currency: 'USD', timezone: 'America/New_York' });
      const paired = await givenDevice(test, american);
      const body = leaseOf(5);
      const first = await lease(paired, body, american.manager, american);
      expect(first.body).to.include({
        prefix: 'USA-A/2026/',
        digits: 5,
        from: '2026-01-01',
        to: '2026-12-31',
      });
      await american.manager.put(`${american.path}/settings`, { fiscalYearStart: '07-01' });
      const again = await lease(paired, body, american.manager, american);
      expect([again.status, again.body.type]).to.deep.equal([409, typeOf('lease_refused')]);
      expect(await leased(paired, 5, {}, american)).to.include({ prefix: 'USA-A/2627/', from: '2026-07-01' });
    });
  });

  it('lends at most 2,000 numbers that are not used yet', async () => {
    const full = await givenShop(test, 'FULL');
    const paired = await givenDevice(test, full);
    const first = await leased(paired, 500, {}, full);
    for (let n = 0; n < 3; n += 1) await leased(paired, 500, {}, full);
    const refused = await lease(paired, leaseOf(1), full.manager, full);
    expect([refused.status, refused.body.type, refused.body.detail]).to.deep.equal([
      409,
      typeOf('lease_refused'),
      'This device has 2000 numbers that it has not used yet, and may have 2000 at most.',
    ]);
    // Another device and another year have their own.
    expect((await leased(await givenDevice(test, full), 500, {}, full)).first).to.equal(1);
    await travel(full, '2027-03-20T06:30:00Z');
    expect((await leased(paired, 500, { day: '2027-04-10' }, full)).first).to.equal(1);
    await use(full, first, 120);
    expect((await lease(paired, leaseOf(121), full.manager, full)).status).to.equal(409);
    expect(await leased(paired, 120, {}, full)).to.include({ first: 2001, last: 2120 });
  });

  describe('when a series comes to its end', () => {
    /** As if the device had had all numbers up to `last`, and used them. */
    async function exhaust(of: TestShop, { device }: PairedDevice, series: string, last: number) {
      const db = await test.database.connect();
      await db.query('UPDATE devices SET series = $2 WHERE id = $1', [device.id, series]);
      await db.query(
        `INSERT INTO number_leases (id, shop_id, device_id, series, fiscal_year, label, first_number, last_number, leased_at)
         VALUES ($1, $2, $3, $4, '2627', '2627', 1, $5, now() - interval '1 day')`,
        [uuidv7(), of.id, device.id, series, last],
      );
      await db.query(
        `INSERT INTO orders (id, shop_id, order_number, items, subtotal, total, status, business_date, request_hash, item_quantity)
         SELECT gen_random_uuid(), $1, $2 || n, '[]', 0, 0, 'completed', '2026-08-01', '', 1
         FROM generate_series(1, $3::int) AS n`,
        [of.id, `${of.code}-${series}/2627/`, last],
      );
    }

    it('goes on with the next free letters at 1', async () => {
      const own = await givenShop(test, 'LAST');
      const [paired, beside] = [await givenDevice(test, own), await givenDevice(test, own)];
      await leased(beside, 1, {}, own);
      await exhaust(own, paired, 'B', 9_990);
      expect(await leased(paired, 9, {}, own)).to.include({ prefix: 'LAST-B/2627/', last: 9_999 });
      expect(await leased(paired, 1, {}, own)).to.include({ prefix: 'LAST-C/2627/', first: 1 });
      expect(await leased(await givenDevice(test, own), 1, {}, own)).to.include({ prefix: 'LAST-D/2627/' });
      expect(await leased(beside, 1, {}, own)).to.include({ prefix: 'LAST-A/2627/', first: 2 });
      // Of two letters, a number has one digit less.
      await exhaust(own, beside, 'Z', 1);
      await exhaust(own, paired, 'Y', 9_999);
      const long = await leased(paired, 500, {}, own);
      expect(long).to.include({ prefix: 'LAST-AA/2627/', digits: 3, first: 1, last: 500 });
      expect(await leased(paired, 500, {}, own)).to.include({ prefix: 'LAST-AB/2627/', first: 1 });
    }).timeout(120_000);

    it('with ZZ, there are no more', async () => {
      const own = await givenShop(test, 'ZZ');
      const paired = await givenDevice(test, own);
      await exhaust(own, paired, 'ZZ', 10);
      expect((await leased(paired, 1, {}, own)).first).to.equal(11);
      const { status, body } = await lease(await givenDevice(test, own), leaseOf(1), own.manager, own);
      expect([status, body.type]).to.deep.equal([409, typeOf('lease_refused')]);
    });
  });
});

describe('the letters of series', () => {
  it('are 702, A to ZZ, each once', () => {
    const all: string[] = [];
    for (let series = seriesAfter(undefined); series; series = seriesAfter(series)) all.push(series);
    expect(all).to.have.length(702);
    expect(new Set(all).size).to.equal(702);
    expect([0, 25, 26, 51, 52, 701].map((n) => all[n])).to.deep.equal(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ']);
  });

  it('leave a number at 16 characters, whatever the code of the shop', () => {
    for (const code of ['PZ', 'PZA', 'KULF']) {
      for (const series of ['A', 'ZZ']) {
        for (const label of ['2026', '2627', 'KTQX']) {
          for (const number of [1, 999]) {
            const text = formatLentNumber(code, { series, label, number });
            expect(text.length, text).to.be.at.most(16);
          }
        }
      }
    }
    expect(formatLentNumber('KULF', { series: 'A', label: '2627', number: 9_999 })).to.equal(
      'KULF-A/2627/9999',
    );
    expect(formatLentNumber('PZ', { series: 'A', label: '2627', number: 12 })).to.equal('PZ-A/2627/00012');
  });

  it('and their numbers come back whole from a lease of any code', async () => {
    const test = await startTestApp();
    try {
      for (const code of ['PZ', 'PZA', 'KULF']) {
        const shop = await givenShop(test, code);
        const paired = await givenDevice(test, shop);
        const path = `${shop.path}/devices/${paired.device.id}/number-lease`;
        const { body } = await shop.manager.post(path, { id: randomUUID(), count: 500 });
        const longest = body.prefix + String(10 ** body.digits - 1);
        expect(longest.length).to.equal(Math.min(16, body.prefix.length + 5));
      }
    } finally {
      await test.close();
    }
  });
});
