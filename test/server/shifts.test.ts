import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { openShift } from '../../src/core/shifts/open-shift.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenDevice, signInOn } from '../support/device-parts.ts';
import { eventsOf, givenShop, type TestShop } from '../support/factories.ts';
import { countOf, floatOf, givenShift, movementOf, tillOf } from '../support/shift-parts.ts';

describe('the life of a shift', () => {
  let test: TestApp;
  let shop: TestShop;
  let shifts: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'SHIF');
    shifts = `${shop.path}/shifts`;
  });
  after(() => test.close());

  let drawers = 0;
  /** Another one each time: a drawer has one open shift. */
  const drawer = () => {
    drawers += 1;
    return { deviceId: `till-${drawers}` };
  };
  const eventsAbout = async ({ id }: { id: string }) =>
    (await eventsOf(test, shop.id, 'shift_updated')).filter(({ data }) => data.id === id);

  const post = (path: string, body: unknown) => shop.cashier.post(`${shifts}${path}`, body);
  const close = (id: string, body: unknown) => post(`/${id}/close`, body);
  const move = (id: string, body: unknown) => post(`/${id}/cash-movements`, body);

  it('opens with a float, and again with the same id and body', async () => {
    const body = floatOf('1000', drawer());
    const first = await post('', body);
    expect(first.status).to.equal(201);
    expect(first.body).to.deep.include({
      id: body.id,
      deviceId: `till-${drawers}`,
      openingFloat: '1000.00',
      status: 'open',
      cashMovements: [],
      zNumber: null,
      expected: null,
      variance: null,
    });
    expect(first.body.openedBy).to.be.a('string');
    const again = await post('', { ...body, openingFloat: 1000 });
    expect([again.status, again.body]).to.deep.equal([200, first.body]);
    const other = await post('', { ...body, openingFloat: '999' });
    expect([other.status, other.body.type, other.body.errors[0].pointer]).to.deep.equal([
      409,
      'urn:smoocho:problem:shift_conflict',
      '/id',
    ]);
    expect((await eventsAbout(body)).map((event) => event.data)).to.deep.equal([first.body]);
  });

  it('is one a drawer, and tells who opened it and when', async () => {
    const open = await givenShift(shop, '500');
    const twice = await post('', floatOf('700'));
    expect([twice.status, twice.body.type]).to.deep.equal([409, 'urn:smoocho:problem:shift_open']);
    expect(twice.body.detail).to.match(
      /^This drawer is open already since \d{4}-\d\d-\d\d \d\d:\d\d, by cashier of SHIF\. Count it /,
    );
    expect(twice.body.shift).to.deep.equal(open);
    expect((await post('', floatOf('700', { deviceId: null }))).status).to.equal(409);
    expect((await post('', floatOf('700', { deviceId: 'bar' }))).status).to.equal(201);
    expect((await post('', floatOf('700', { deviceId: 'bar' }))).status).to.equal(409);
    await close(open.id, countOf(5, 0));
    const next = await post('', floatOf('700'));
    expect([next.status, next.body.deviceId]).to.deep.equal([201, null]);
    await close(next.body.id, countOf(7, 0));
  });

  it('of another paired device is for managers, unless the settings let a cashier have it', async () => {
    const [own, other] = [await givenDevice(test, shop, 'Counter'), await givenDevice(test, shop, 'Bar')];
    const till = await signInOn(test, shop.emails.cashier, own);
    const deviceId = other.device.id;
    const refused = await till.post(shifts, floatOf('100', { deviceId }));
    expect([refused.status, refused.body.type]).to.deep.equal([403, 'urn:smoocho:problem:forbidden']);
    expect(refused.body.detail).to.match(/^This is the drawer of another device\./);
    const { body: open } = await shop.manager.post(shifts, floatOf('100', { deviceId }));
    expect((await till.post(`${shifts}/${open.id}/close`, countOf(1, 0))).status).to.equal(403);
    expect((await till.post(shifts, floatOf('100'))).body.deviceId).to.equal(own.device.id);
    await shop.owner.put(`${shop.path}/settings`, { shifts: { anyDrawer: true } });
    expect((await till.post(`${shifts}/${open.id}/close`, countOf(1, 0))).status).to.equal(200);
    await shop.owner.put(`${shop.path}/settings`, { shifts: { anyDrawer: false } });
  });

  it("is the device's own unless it names another drawer", async () => {
    const till = await tillOf(test, shop, 'counter');
    const own = await till.post(shifts, floatOf('100'));
    expect(own.body.deviceId).to.equal('counter');
    const main = await till.post(shifts, floatOf('100', { deviceId: null }));
    expect([main.status, main.body.deviceId]).to.deep.equal([201, null]);
  });

  it('books cash that goes in and out, each movement once', async () => {
    const { id } = await givenShift(shop, '1000.00', drawer());
    const change = movementOf('in', '200.00');
    const first = await move(id, change);
    expect([first.status, first.body.cashMovements.length]).to.deep.equal([201, 1]);
    expect(first.body.cashMovements[0]).to.include({ ...change, cashierId: first.body.openedBy });
    const again = await move(id, change);
    expect([again.status, again.body]).to.deep.equal([200, first.body]);
    const other = await move(id, { ...change, amount: '201.00' });
    expect([other.status, other.body.errors[0].pointer]).to.deep.equal([409, '/id']);
    const out = await move(id, movementOf('out', '50', 'vegetables'));
    expect(out.body.cashMovements.map(({ type }: { type: string }) => type)).to.deep.equal(['in', 'out']);
    expect((await move(id, movementOf('in', '0'))).body.errors[0].pointer).to.equal('/amount');
    expect(await eventsAbout({ id })).to.have.length(3);

    const elsewhere = await givenShift(shop, '0', drawer());
    const taken = await move(elsewhere.id, change);
    expect([taken.status, taken.body.type]).to.deep.equal([409, 'urn:smoocho:problem:shift_conflict']);
    await close(id, countOf(11, 50));
    expect((await move(id, change)).status).to.equal(200);
    const late = await move(id, movementOf('in', '1'));
    expect([late.status, late.body.type]).to.deep.equal([409, 'urn:smoocho:problem:shift_closed']);
    expect(late.body.detail).to.match(/Z report \d+\.$/);
  });

  const variances: [counted: ReturnType<typeof countOf>, counts: string, variance: string][] = [
    [countOf(9, 50, 'a hundred short'), '950.00', '-50.00'],
    [countOf(10, 0), '1000.00', '0.00'],
    [countOf(10, 3), '1003.00', '3.00'],
    [{ denominations: [], note: '' }, '0.00', '-1000.00'],
  ];
  for (const [counted, counts, variance] of variances) {
    it(`counted ${counts} against 1000.00 differs by ${variance}`, async () => {
      const { id } = await givenShift(shop, '1000.00', drawer());
      const { status, body } = await close(id, counted);
      expect(status).to.equal(200);
      expect(body).to.include({ type: 'Z', at: body.shift.closedAt });
      expect(body.shift).to.include({ status: 'closed', note: counted.note });
      expect(body.shift).to.include({ expected: '1000.00', counted: counts, variance });
      expect(body.shift.closedBy).to.equal(body.shift.openedBy);
      expect((await eventsAbout({ id })).at(-1)?.data).to.deep.equal(body.shift);
    });
  }

  it('closes once: the same count again gives the same Z report, another one is refused', async () => {
    const { id } = await givenShift(shop, '1000.00', drawer());
    const z = await close(id, countOf(10, 0));
    const again = await close(id, { ...countOf(10, 0), note: '  ' });
    expect([again.status, again.body]).to.deep.equal([200, z.body]);
    const other = await close(id, countOf(9, 0));
    expect([other.status, other.body.type]).to.deep.equal([409, 'urn:smoocho:problem:shift_closed']);
    expect(other.body.detail).to.include(`Z report ${z.body.shift.zNumber}.`);
    expect((await shop.cashier.get(`${shifts}/${id}/report`)).body).to.deep.equal(z.body);
    expect(await eventsAbout({ id })).to.have.length(2);
  });

  it('takes no count that no drawer could hold', async () => {
    const { id } = await givenShift(shop, '1000.00', drawer());
    const tooMuch = { denominations: [{ value: '99999999.99', count: 1_000_000 }] };
    const { status, body } = await close(id, tooMuch);
    expect([status, body.errors[0].pointer]).to.deep.equal([422, '/denominations']);
    expect((await close(id, { denominations: [{ value: 1000, count: 1_000_000 }] })).status).to.equal(200);
  });

  it('may be closed by another cashier, who is named', async () => {
    const { id, openedBy } = await givenShift(shop, '1000.00', drawer());
    const { body } = await shop.manager.post(`${shifts}/${id}/close`, countOf(10, 0));
    expect(body.shift.closedBy).to.be.a('string').and.not.equal(openedBy);
  });

  it('is listed newest first, by day and whether it is open, page by page', async () => {
    const other = await givenShop(test, 'LIST');
    const ids: string[] = [];
    for (const deviceId of ['a', 'b', 'c']) ids.unshift((await givenShift(other, '10', { deviceId })).id);
    await other.cashier.post(`${other.path}/shifts/${ids[0]}/cash-movements`, movementOf('in', '5'));
    await other.cashier.post(`${other.path}/shifts/${ids[1]}/close`, countOf(0, 10));
    const list = async (query: string) => (await other.cashier.get(`${other.path}/shifts${query}`)).body;
    const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);
    const first = await list('?limit=2');
    expect(idsOf(first)).to.deep.equal(ids.slice(0, 2));
    expect(first.data[0].cashMovements).to.have.length(1);
    expect(idsOf(await list(`?limit=2&cursor=${first.nextCursor}`))).to.deep.equal(ids.slice(2));
    expect(idsOf(await list('?open=true'))).to.deep.equal([ids[0], ids[2]]);
    expect(idsOf(await list('?open=false'))).to.deep.equal([ids[1]]);
    expect(idsOf(await list('?from=2001-01-01&to=2001-12-31'))).to.deep.equal([]);
    expect(idsOf(await list('?from=2001-01-01'))).to.deep.equal(ids);
  });

  const days: [at: string, timezone: string, dayStart: string, expected: string][] = [
    ['2026-03-31T20:00:00Z', 'Asia/Kolkata', '04:00', '2026-03-31'],
    ['2026-03-31T20:00:00Z', 'Asia/Kolkata', '00:00', '2026-04-01'],
    // Clocks go back: 01:30 comes twice, and both belong to the evening before.
    ['2015-11-01T05:30:00Z', 'America/New_York', '04:00', '2015-10-31'],
    ['2015-11-01T06:30:00Z', 'America/New_York', '04:00', '2015-10-31'],
    // Clocks go forward: from 01:59 to 03:00.
    ['2015-03-08T06:59:59Z', 'America/New_York', '02:30', '2015-03-07'],
    ['2015-03-08T07:00:00Z', 'America/New_York', '02:30', '2015-03-08'],
  ];
  for (const [at, timezone, dayStart, expected] of days) {
    it(`opened at ${at} in ${timezone} is of ${expected} when the day starts at ${dayStart}`, async () => {
      // The API doesn't go back to a day with shifts.
      const db = await test.database.connect();
      await db.query('UPDATE shops SET timezone = $2, day_start = $3 WHERE id = $1', [
        shop.id,
        timezone,
        dayStart,
      ]);
      const context = systemContext(test.app, 'test');
      const then = { ...context, app: { ...test.app, now: () => new Date(at) } };
      const { shift } = await openShift(then, shop.id, { id: randomUUID(), openingFloat: 0, ...drawer() });
      expect(shift).to.include({
        businessDate: expected,
        openedAt: new Date(at).toISOString(),
        openedBy: null,
      });
    });
  }

  it("is not there under another shop's address, nor its id free", async () => {
    const elsewhere = await givenShop(test, 'ELSE');
    const theirs = await givenShift(elsewhere);
    expect((await close(theirs.id, countOf(10, 0))).status).to.equal(404);
    expect((await move(theirs.id, movementOf('in', '5'))).status).to.equal(404);
    expect((await shop.cashier.get(`${shifts}/${theirs.id}/report`)).status).to.equal(404);
    const taken = await post('', floatOf('1000.00', { id: theirs.id }));
    expect([taken.status, taken.body.type]).to.deep.equal([409, 'urn:smoocho:problem:shift_conflict']);
    const { body } = await elsewhere.cashier.get(`${elsewhere.path}/shifts`);
    expect(body.data).to.deep.equal([theirs]);
    expect((await shop.cashier.get(`${shifts}/${randomUUID()}/report`)).status).to.equal(404);
  });
});
