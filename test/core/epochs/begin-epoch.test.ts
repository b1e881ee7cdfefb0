import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { labelsOf, seriesLabel } from '../../../src/core/epochs/series-label.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { beginEpochs, givenOldShop, labelNow, sell, signInAgain } from '../../support/epoch-parts.ts';

const EPOCH = '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55';

describe('a new epoch', () => {
  let test: TestApp;
  let db: pg.Client;
  const now = new Date('2026-05-10T06:30:00Z');

  before(async () => {
    test = await startTestApp({ now: () => now });
    db = await test.database.connect();
  });
  after(() => test.close());

  const epochsOf = async (shopId: string) =>
    (
      await db.query(
        `SELECT e.epoch, e.number, e.reason, e.backup_id, e.backup_made_at, e.series, e.epoch = h.epoch AS is_current, began_at
         FROM shop_epochs e JOIN shop_heads h ON h.shop_id = e.shop_id WHERE e.shop_id = $1 ORDER BY number`,
        [shopId],
      )
    ).rows;

  it('is the only one of a shop that was never restored', async () => {
    const { shop } = await givenOldShop(test);
    const epochs = await epochsOf(shop.id);
    expect(epochs).to.have.length(1);
    expect(epochs[0]).to.deep.include({
      number: 1,
      reason: 'opened',
      series: {},
      is_current: true,
      began_at: now,
    });
  });

  it('begins in every shop, with the counters and the backup that it begins with', async () => {
    const shops = [(await givenOldShop(test)).shop, (await givenOldShop(test)).shop];
    const madeAt = new Date('2026-05-10T03:00:00Z');
    const begun = await beginEpochs(test, { backup: { id: 'b-1', madeAt } });
    await beginEpochs(test, { reason: 'undone', backup: null });
    for (const { id } of shops) {
      const [, second, third] = await epochsOf(id);
      expect(begun).to.deep.include({ shopId: id, epoch: second.epoch });
      expect(second).to.deep.include({
        number: 2,
        reason: 'restored',
        backup_id: 'b-1',
        backup_made_at: madeAt,
      });
      expect(second.series).to.deep.equal({ 2627: 3, C2627: 1 });
      expect(third).to.deep.include({ number: 3, reason: 'undone', backup_id: null, is_current: true });
    }
  });

  it('has labels that two machines with one backup do not share, nor two shops', async () => {
    const { shop } = await givenOldShop(test);
    const label = async () => await labelNow(test, shop);
    await beginEpochs(test);
    const one = await label();
    await beginEpochs(test);
    expect(await label()).to.not.equal(one);
  });

  it('is none that meets a label which the shop knows, or which an epoch of its own may have given', async () => {
    // Its only shop is the first that ids are offered to.
    const own = await startTestApp({ now: () => now });
    const { shop, tea } = await givenOldShop(own);
    await beginEpochs(own, { newId: () => EPOCH });
    const again = await signInAgain(own, shop);
    await sell(again, tea);
    // Found by trying a million. The one meets the label of the year that has a bill; the other that of the next year.
    const meeting = ['52d36548-5d34-4006-baef-8cc90113b42d', '56fe9c7b-d750-404e-b137-f4f12858b4d1'];
    for (const [n, year] of ['2627', '2728'].entries()) {
      const id = meeting[n] as string;
      expect(labelsOf({ id, isFirst: false })).to.include(await labelNow(own, shop, year));
    }
    const offered = [...meeting];
    const begun = await beginEpochs(own, { newId: () => offered.shift() ?? randomUUID() });
    const epoch = begun[0]?.epoch ?? '';
    expect([begun.length, offered.length, meeting.includes(epoch)]).to.deep.equal([1, 0, false]);
    expect(await labelNow(own, shop)).to.equal(seriesLabel({ id: epoch, isFirst: false }, '2627'));
    await own.close();
  });

  it('begins in all shops or in none', async () => {
    const { shop } = await givenOldShop(test);
    const before = await epochsOf(shop.id);
    const refused = await beginEpochs(test, { backup: { id: 'x'.repeat(65), madeAt: now } }).then(
      () => 'begun',
      () => 'refused',
    );
    expect(refused).to.equal('refused');
    expect(await epochsOf(shop.id)).to.deep.equal(before);
    expect((await shop.cashier.get(`${shop.path}/orders`)).status).to.equal(200);
  });
});
