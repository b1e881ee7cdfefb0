import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenItem, givenProduct, givenShop, saleOf, signedIn, type TestShop } from '../support/factories.ts';
import { offlineSaleOf, replay } from '../support/offline-parts.ts';

type Answer = { status: number; body: Record<string, unknown>; text: string };

describe('a day that has ended', () => {
  let test: TestApp;
  let clock = new Date('2026-08-03T06:00:00Z');
  let shop: TestShop;
  let cake: { id: string };
  let codes = 0;

  before(async () => {
    test = await startTestApp({ now: () => clock });
  });
  after(() => test.close());

  async function openShop(timezone = 'Asia/Kolkata') {
    codes += 1;
    shop = await givenShop(test, `DAY${String.fromCharCode(64 + codes)}`, { currency: 'INR', timezone });
    cake = await givenProduct(shop, { price: 100 });
  }
  async function goTo(instant: string) {
    clock = new Date(instant);
    for (const role of ['owner', 'manager', 'cashier'] as const)
      shop[role] = await signedIn(test, shop.emails[role]);
  }
  const must = ({ status, body, text }: Answer) => {
    expect(status, text).to.be.within(200, 201);
    return body;
  };
  const sell = async () => must(await shop.manager.post(`${shop.path}/orders`, saleOf(cake)));
  const voidOrder = async ({ id }: Record<string, unknown>) =>
    await shop.manager.delete(`${shop.path}/orders/${id}`, { reason: 'mistake' });
  const setDayStart = async (dayStart: string) =>
    (await shop.manager.put(`${shop.path}/settings`, { dayStart })) as Answer;
  const setShop = async (change: object) => (await shop.owner.put(shop.path, change)) as Answer;
  const refused = ({ status, body, text }: Answer, pointer: string, detail: string) => {
    expect([status, body.type], text).to.deep.equal([409, 'urn:smoocho:problem:day_closed']);
    expect(body.detail).to.equal(detail);
    expect((body.errors as { pointer: string }[])[0]?.pointer).to.equal(pointer);
  };

  describe('is not begun again by', () => {
    let order: Record<string, unknown>;

    beforeEach(async () => {
      await openShop();
      await goTo('2026-08-03T06:00:00Z');
      order = await sell();
      await goTo('2026-08-04T06:00:00Z');
      expect((await voidOrder(order)).status).to.equal(409);
    });
    afterEach(async () => {
      expect((await voidOrder(order)).status).to.equal(409);
    });

    it('a later start of the day, which can be set from that time on', async () => {
      const detail =
        'With the day start 23:59 it would be 2026-08-03 again, and the shop has business of that day or after it. It is 2026-08-04 now, by Asia/Kolkata and the day start 00:00. This change can be made from 2026-08-04 23:59 on, by the clock of Asia/Kolkata.';
      const answer = await setDayStart('23:59');
      refused(answer, '/dayStart', detail);
      expect(answer.body.possibleFrom).to.equal('2026-08-04T18:29:00.000Z');
      refused(await setShop({ dayStart: '23:59' }), '/dayStart', detail);
      await goTo('2026-08-04T18:28:59Z');
      expect((await setDayStart('23:59')).status).to.equal(409);
      await goTo('2026-08-04T18:29:00Z');
      must(await setDayStart('23:59'));
    });

    it('a time zone that is behind, which can be set once it is the same day there', async () => {
      refused(
        await setShop({ timezone: 'Pacific/Honolulu' }),
        '/timezone',
        'With the time zone Pacific/Honolulu it would be 2026-08-03 again, and the shop has business of that day or after it. It is 2026-08-04 now, by Asia/Kolkata and the day start 00:00. This change can be made from 2026-08-04 15:30 on, by the clock of Asia/Kolkata.',
      );
      await goTo('2026-08-04T10:00:00Z');
      must(await setShop({ timezone: 'Pacific/Honolulu' }));
    });

    it('both at once', async () => {
      const both = { timezone: 'Pacific/Honolulu', dayStart: '12:00' };
      refused(
        await setShop(both),
        '/timezone',
        'With the time zone Pacific/Honolulu and the day start 12:00 it would be 2026-08-03 again, and the shop has business of that day or after it. It is 2026-08-04 now, by Asia/Kolkata and the day start 00:00. By these two it is never the same day at the same time: go there in two steps, by a time zone or a day start in between.',
      );
    });

    it('going forward and back again', async () => {
      must(await setShop({ timezone: 'Pacific/Kiritimati' }));
      await sell();
      await goTo('2026-08-04T10:30:00Z');
      expect((await setShop({ timezone: 'Asia/Kolkata' })).status).to.equal(409);
    });

    it('a clock that was put back', async () => {
      await sell();
      await goTo('2026-08-03T20:00:00Z');
      const ofToday = await sell();
      await goTo('2026-08-03T12:00:00Z');
      const again = await sell();
      expect((await voidOrder(ofToday)).status).to.equal(200);
      expect((await voidOrder(again)).status).to.equal(200);
    });
  });

  it('is held by whatever reports use', async () => {
    const rest: Record<string, () => Promise<unknown>> = {
      shift: async () =>
        must(await shop.manager.post(`${shop.path}/shifts`, { id: randomUUID(), openingFloat: '0' })),
      stock: async () => await givenItem(shop, { quantity: 5 }),
      'offline order': async () => {
        const [result] = await replay(shop.cashier, shop, [offlineSaleOf(cake, clock)]);
        expect(result?.result).to.equal('created');
      },
    };
    for (const [what, act] of Object.entries(rest)) {
      await openShop();
      await goTo('2026-08-03T06:00:00Z');
      must(await setDayStart('04:00'));
      await act();
      await goTo('2026-08-04T06:00:00Z');
      expect((await setDayStart('23:00')).status, what).to.equal(409);
    }
  });

  it('may come again in a shop that has done nothing since', async () => {
    await openShop();
    await goTo('2026-08-02T06:00:00Z');
    await sell();
    await goTo('2026-08-04T06:00:00Z');
    must(await setShop({ timezone: 'Pacific/Honolulu' }));
    must(await setDayStart('04:00'));
  });

  it('may come early: what is parked and the open drawer go on, and what was paid is refunded', async () => {
    await openShop();
    await goTo('2026-08-03T06:00:00Z');
    const shift = { id: randomUUID(), openingFloat: '0', deviceId: null };
    must(await shop.manager.post(`${shop.path}/shifts`, shift));
    const paid = await sell();
    const parked = must(
      await shop.manager.post(`${shop.path}/orders`, saleOf(cake, { paymentMethod: undefined })),
    );
    await goTo('2026-08-03T18:00:00Z');
    must(await setShop({ timezone: 'Pacific/Auckland' }));
    expect((await voidOrder(paid)).status).to.equal(409);
    const payments = [{ id: randomUUID(), method: 'cash', amount: '100' }];
    const done = must(await shop.manager.put(`${shop.path}/orders/${parked.id}`, { payments }));
    expect(done).to.include({ businessDate: '2026-08-03', shiftId: shift.id });
    const closing = { denominations: [{ value: '100', count: 2 }] };
    const report = must(await shop.manager.post(`${shop.path}/shifts/${shift.id}/close`, closing));
    expect(report.totals).to.include({ orders: 2, net: '200.00' });
  });

  it('is not held by an order that a clock which was ahead gave a later day', async () => {
    await openShop();
    await goTo('2031-01-01T06:00:00Z');
    await sell();
    await goTo('2026-08-03T06:00:00Z');
    const order = await sell();
    expect((await voidOrder(order)).status).to.equal(200);
  });
});
