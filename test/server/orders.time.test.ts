import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, signIn, type TestShop } from '../support/factories.ts';

describe('the day that a sale belongs to', () => {
  let test: TestApp;
  let clock = new Date('2026-12-01T06:00:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
  });
  after(() => test.close());

  const NEW_YORK = { currency: 'USD', timezone: 'America/New_York' };

  async function openShop(code: string, dayStart: string, place?: typeof NEW_YORK) {
    clock = new Date('2026-02-01T06:00:00Z');
    const shop = await givenShop(test, code, place);
    await shop.manager.put(shop.path, { dayStart });
    const cake = await givenProduct(shop);
    return { shop, cake };
  }

  type Sold = { orderNumber: string; businessDate: string; tokenNumber: number };

  /** Sells at an instant; a session of then, for the one of before has run out. */
  async function sellAt(
    { shop, cake }: { shop: TestShop; cake: { id: string } },
    instant: string,
    fields: object = {},
  ): Promise<Sold> {
    clock = new Date(instant);
    const till = await signIn(test, shop.emails.cashier);
    const { status, body, text } = await till.post(`${shop.path}/orders`, saleOf(cake, { ...fields }));
    expect(status, text).to.equal(201);
    return body;
  }
  const shown = ({ orderNumber, businessDate, tokenNumber }: Sold) => [
    orderNumber,
    businessDate,
    tokenNumber,
  ];

  it('is the evening before at 01:30, and the token goes on until the day starts', async () => {
    const place = await openShop('NITE', '04:00');
    expect(shown(await sellAt(place, '2026-05-01T17:00:00Z'))).to.deep.equal([
      'NITE/2627/000001',
      '2026-05-01',
      1,
    ]);
    expect(shown(await sellAt(place, '2026-05-01T20:00:00Z'))).to.deep.equal([
      'NITE/2627/000002',
      '2026-05-01',
      2,
    ]);
    expect(shown(await sellAt(place, '2026-05-01T22:29:59Z'))).to.deep.equal([
      'NITE/2627/000003',
      '2026-05-01',
      3,
    ]);
    expect(shown(await sellAt(place, '2026-05-01T22:30:00Z'))).to.deep.equal([
      'NITE/2627/000004',
      '2026-05-02',
      1,
    ]);
  });

  it('starts no new series with the calendar year in India, and one with the fiscal year', async () => {
    const place = await openShop('YEAR', '00:00');
    expect(shown(await sellAt(place, '2026-12-31T18:29:59Z'))).to.deep.equal([
      'YEAR/2627/000001',
      '2026-12-31',
      1,
    ]);
    expect(shown(await sellAt(place, '2026-12-31T18:30:00Z'))).to.deep.equal([
      'YEAR/2627/000002',
      '2027-01-01',
      1,
    ]);
    expect(shown(await sellAt(place, '2027-03-31T18:29:59Z'))).to.deep.equal([
      'YEAR/2627/000003',
      '2027-03-31',
      1,
    ]);
    expect(shown(await sellAt(place, '2027-03-31T18:30:00Z'))).to.deep.equal([
      'YEAR/2728/000001',
      '2027-04-01',
      1,
    ]);
  });

  it('keeps the old fiscal year until its last business day is over', async () => {
    const place = await openShop('LATE', '04:00');
    expect(shown(await sellAt(place, '2027-03-31T20:00:00Z'))).to.deep.equal([
      'LATE/2627/000001',
      '2027-03-31',
      1,
    ]);
    expect(shown(await sellAt(place, '2027-03-31T22:30:00Z'))).to.deep.equal([
      'LATE/2728/000001',
      '2027-04-01',
      1,
    ]);
  });

  it('starts a new series in January where the fiscal year does', async () => {
    const place = await openShop('YANK', '00:00', NEW_YORK);
    expect(shown(await sellAt(place, '2027-01-01T04:59:59Z'))).to.deep.equal([
      'YANK/2026/000001',
      '2026-12-31',
      1,
    ]);
    expect(shown(await sellAt(place, '2027-01-01T05:00:00Z'))).to.deep.equal([
      'YANK/2027/000001',
      '2027-01-01',
      1,
    ]);
  });

  it('does not end again when clocks go back, and misses nothing when they go forward', async () => {
    const place = await openShop('DST', '01:30', NEW_YORK);
    const dates = [];
    for (const instant of [
      '2026-11-01T05:29:59Z',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:10:00Z',
      '2026-11-01T06:40:00Z',
    ]) {
      dates.push(shown(await sellAt(place, instant)).slice(1));
    }
    expect(dates).to.deep.equal([
      ['2026-10-31', 1],
      ['2026-11-01', 1],
      ['2026-11-01', 2],
      ['2026-11-01', 3],
    ]);
    const spring = await openShop('SPRG', '02:30', NEW_YORK);
    expect((await sellAt(spring, '2027-03-14T06:59:59Z')).businessDate).to.equal('2027-03-13');
    expect((await sellAt(spring, '2027-03-14T07:00:00Z')).businessDate).to.equal('2027-03-14');
  });

  it("is the server's, whatever a till's clock says", async () => {
    const place = await openShop('TILL', '00:00');
    const tomorrow = uuidv7({ msecs: Date.parse('2026-05-02T06:00:00Z') });
    const yesterday = uuidv7({ msecs: Date.parse('2026-04-30T06:00:00Z') });
    const first = await sellAt(place, '2026-05-01T06:00:00Z', { id: tomorrow });
    const second = await sellAt(place, '2026-05-01T06:00:01Z', { id: yesterday });
    expect([shown(first), shown(second)]).to.deep.equal([
      ['TILL/2627/000001', '2026-05-01', 1],
      ['TILL/2627/000002', '2026-05-01', 2],
    ]);
  });

  it("gives no token and no number twice when the server's own clock is set back", async () => {
    const place = await openShop('SYNC', '00:00');
    await sellAt(place, '2026-05-02T06:00:00Z');
    const back = await sellAt(place, '2026-05-01T06:00:00Z');
    expect(shown(back)).to.deep.equal(['SYNC/2627/000002', '2026-05-01', 2]);
    expect((await sellAt(place, '2026-05-02T07:00:00Z')).tokenNumber).to.equal(3);
  });

  it('counts a refund on the day of the refund, in the series of its year', async () => {
    const { shop, cake } = await openShop('CRED', '00:00');
    const sold = await sellAt({ shop, cake }, '2027-03-31T10:00:00Z');
    clock = new Date('2027-04-01T10:00:00Z');
    const manager = await signIn(test, shop.emails.manager);
    const { body } = await manager.post(
      `${shop.path}/orders/${(sold as unknown as { id: string }).id}/refunds`,
      {
        id: uuidv7(),
        reason: 'stale',
      },
    );
    expect(body.refunds[0]).to.include({ creditNoteNumber: 'CRED/C2728/00001', businessDate: '2027-04-01' });
  });
});
