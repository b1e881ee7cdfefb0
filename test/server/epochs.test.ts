import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { findLastRestore } from '../../src/core/epochs/find-epoch.ts';
import { seriesLabel } from '../../src/core/epochs/series-label.ts';
import { importText } from '../core/imports/support.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import {
  beginEpochs,
  EARLIER,
  givenOldShop,
  givenRestoredShop,
  labelNow,
  numbered,
  refundAll,
  sell,
  signInAgain,
  soundNotes,
} from '../support/epoch-parts.ts';
import { givenProduct, givenShop, saleOf } from '../support/factories.ts';
import {
  insertDevice,
  offlineSaleOf,
  orderOf,
  otherFlags,
  problemOf,
  replay,
  signInOn,
} from '../support/offline-parts.ts';

const DAY_MS = 86_400_000;

describe('a shop that was restored from a backup', () => {
  let test: TestApp;
  let db: pg.Client;
  let clock = new Date('2026-05-10T06:30:00Z');

  before(async () => {
    test = await startTestApp({ now: () => clock });
    db = await test.database.connect();
  });
  beforeEach(() => {
    clock = new Date('2026-05-10T06:30:00Z');
  });
  after(() => test.close());

  it('numbers bills, credit notes and lent numbers in series of its own, all within 16 characters', async () => {
    const { shop, tea, bills, label } = await givenRestoredShop(test);
    const [{ orderNumber }, { refunds }] = [await sell(shop, tea), await refundAll(shop, bills[1])];
    expect(orderNumber).to.equal(`${shop.code}/${label}/000001`);
    expect(refunds[0].creditNoteNumber).to.equal(`${shop.code}/C${label}/00001`);
    const { body: device } = await shop.manager.post(`${shop.path}/devices`, { name: 'Till' });
    expect(device.code).to.be.a('string');
    const paired = await insertDevice(db, shop.id, { series: 'B', leases: [] });
    const path = `${shop.path}/devices/${paired}/number-lease`;
    const { body: lease } = await shop.manager.post(path, { id: randomUUID(), count: 5 });
    expect(lease).to.include({
      prefix: `${shop.code}-B/${label}/`,
      digits: 5,
      first: 1,
      last: 5,
      from: '2026-04-01',
    });
    const till = await signInOn(test, shop.emails.cashier, paired);
    const number = `${lease.prefix}00001`;
    const [answer] = await replay(till, shop, [offlineSaleOf(tea, EARLIER, { orderNumber: number })]);
    expect(orderOf(answer).orderNumber).to.equal(number);
    expect(otherFlags(orderOf(answer))).to.deep.equal([]);
    for (const text of [orderNumber, refunds[0].creditNoteNumber, number])
      expect(text.length).to.be.at.most(16);
    const { body: found } = await shop.cashier.get(`${shop.path}/orders?orderNumber=${orderNumber}`);
    expect(found.data).to.have.length(1);
    // The next fiscal year has another label; a device is lent numbers for it before it begins.
    clock = new Date('2027-03-20T06:30:00Z');
    const again = await signInAgain(test, shop);
    const ahead = { id: randomUUID(), count: 5, day: '2027-04-10' };
    const { body: next } = await again.manager.post(path, ahead);
    expect(next).to.include({ prefix: `${shop.code}-B/${await labelNow(test, shop, '2728')}/`, first: 1 });
    expect(await soundNotes(test, shop)).to.deep.equal([
      `${shop.code}-A/2627: 1 to 10 lent to Counter, 1 used, 9 unused: 2–10`,
      ...[
        `${shop.code}-B/${label}: 1 to 5 lent to Counter, 1 used, 4 unused: 2–5`,
        `${next.prefix.slice(0, -1)}: 1 to 5 lent to Counter, 0 used, 5 unused: 1–5`,
      ].sort(),
    ]);
  });

  it('numbers bills of a shop that is opened within a year after it in a series of its own as well', async () => {
    // One of that code may have been opened after the backup.
    await givenRestoredShop(test);
    const shop = await givenShop(test, 'LATE');
    const tea = await givenProduct(shop, { name: 'Tea', price: '100.00' });
    const label = await labelNow(test, shop);
    expect(label).to.match(/^[A-Z]/);
    expect((await sell(shop, tea)).orderNumber).to.equal(`LATE/${label}/000001`);
    const lost = offlineSaleOf(tea, EARLIER, numbered(shop, 1));
    const back = orderOf((await replay(shop.cashier, shop, [lost]))[0]);
    expect([back.orderNumber, otherFlags(back)]).to.deep.equal(['LATE/2627/000001', []]);
    expect(await soundNotes(test, shop)).to.have.length(1);
    // Its opening is no restore.
    expect(await findLastRestore(test.app.orm.em.fork())).to.deep.equal(clock);
    clock = new Date(clock.getTime() + 366 * DAY_MS);
    expect(await labelNow(test, await givenShop(test, 'LATF'))).to.match(/^[A-Z]/);
    expect(await findLastRestore(test.app.orm.em.fork())).to.be.below(clock);
    clock = new Date(clock.getTime() + 1);
    expect(await labelNow(test, await givenShop(test, 'LATG'))).to.equal('2627');
  });

  it('signs everybody out, uses up pairing codes and leaves wrong PINs counted', async () => {
    const { shop } = await givenOldShop(test);
    await shop.manager.post(`${shop.path}/devices`, { name: 'Till' });
    await db.query('UPDATE users SET pin_failures = 3 WHERE email = $1', [shop.emails.cashier]);
    await beginEpochs(test);
    expect((await shop.cashier.get(`${shop.path}/orders`)).status).to.equal(401);
    const { rows } = await db.query(
      `SELECT (SELECT count(*)::int FROM sessions WHERE ended_at IS NULL) AS open,
        (SELECT count(*)::int FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = $1 AND end_reason = 'restored') AS ended,
        (SELECT count(*)::int FROM pairing_codes WHERE used_at IS NULL) AS codes,
        (SELECT pin_failures FROM users WHERE email = $1) AS failures`,
      [shop.emails.cashier],
    );
    expect(rows).to.deep.equal([{ open: 0, ended: 2, codes: 0, failures: 3 }]);
  });

  it('says who restored it, and what, in every chain of the audit', async () => {
    const { shop } = await givenOldShop(test);
    const madeAt = new Date('2026-05-09T21:30:00Z');
    await beginEpochs(test, { backup: { id: 'b-17', madeAt } });
    const { rows } = await db.query(
      `SELECT actor, details FROM security_log WHERE type = 'restored' AND at = $1 AND chain_id = ANY ($2)
         AND details->>'backupId' = 'b-17' ORDER BY chain_id`,
      [clock, [shop.id, '00000000-0000-0000-0000-000000000000']],
    );
    expect(rows).to.have.length(2);
    for (const { actor, details } of rows) {
      expect(actor).to.deep.equal({ kind: 'system', id: null, name: 'restore' });
      expect(details).to.include({ reason: 'restored', backupMadeAt: madeAt.toISOString() });
    }
    const again = await signInAgain(test, shop);
    const { body } = await again.owner.get(`${shop.path}/audit?type=restored`);
    expect(body.data).to.have.length(1);
  });

  it('takes bills back with the numbers that they had, once, as they were answered', async () => {
    const { shop, tea } = await givenRestoredShop(test);
    const number = (n: number) => `${shop.code}/2627/${String(n).padStart(6, '0')}`;
    const lost = [4, 5, 7].map((n) =>
      offlineSaleOf(tea, EARLIER, { orderNumber: number(n), answered: { total: '100.00' } }),
    );
    const lent = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}-C/2627/00009` });
    const answers = await replay(shop.cashier, shop, [...lost, lent]);
    expect(answers.map(({ result }) => result)).to.deep.equal(['created', 'created', 'created', 'created']);
    const orders = answers.map(orderOf);
    expect(orders.map(({ orderNumber }) => orderNumber)).to.deep.equal([
      number(4),
      number(5),
      number(7),
      `${shop.code}-C/2627/00009`,
    ]);
    for (const order of orders) {
      expect(order).to.include({ createdAt: EARLIER.toISOString(), tokenNumber: null });
      expect(order.flags.map(({ code }) => code)).to.deep.equal(['closed_day']);
      expect(order.receivedAt).to.equal(clock.toISOString());
    }
    expect((await replay(shop.cashier, shop, lost)).map(({ result }) => result)).to.deep.equal([
      'same',
      'same',
      'same',
    ]);
    // They count up no series: not that of before, and not the one of now.
    expect((await sell(shop, tea)).orderNumber).to.match(/000001$/);
    expect(await soundNotes(test, shop)).to.deep.equal([
      `${shop.code}/2627: the books had it up to 3 at the restore; 3 beyond came back: 4–5, 7; missing in between: 6`,
      `${shop.code}-A/2627: 1 to 10 lent to Counter, 1 used, 9 unused: 2–10`,
      `${shop.code}-C/2627: 1 came back after a restore that lost its lease: 9`,
    ]);
    const { body: report } = await shop.manager.get(
      `${shop.path}/reports/sales?from=2026-05-09&to=2026-05-09`,
    );
    expect(report.totals.orders).to.equal(5);
    expect(report.late.orders).to.equal(5);
  });

  it('takes numbers of an epoch that it knows nothing of, and after another restore those of the one between', async () => {
    const { shop: first, tea } = await givenRestoredShop(test);
    const unknown = seriesLabel({ id: randomUUID(), isFirst: false }, '2627');
    const foreign = offlineSaleOf(tea, EARLIER, { orderNumber: `${first.code}/${unknown}/000031` });
    const label = await labelNow(test, first);
    await sell(first, tea);
    await replay(first.cashier, first, [
      foreign,
      offlineSaleOf(tea, EARLIER, { orderNumber: `${first.code}/2627/000009` }),
    ]);
    clock = new Date(clock.getTime() + DAY_MS);
    await beginEpochs(test, { reason: 'undone', backup: null });
    const shop = await signInAgain(test, first);
    const between = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}/${label}/000002` });
    const later = offlineSaleOf(tea, EARLIER, { orderNumber: `${shop.code}/2627/000010` });
    const answers = await replay(shop.cashier, shop, [between, later]);
    expect(answers.map((answer) => otherFlags(orderOf(answer)))).to.deep.equal([[], []]);
    expect((await sell(shop, tea)).orderNumber).to.equal(`${shop.code}/${await labelNow(test, shop)}/000001`);
    const notes = await soundNotes(test, shop);
    expect(notes).to.include.members([
      `${shop.code}/2627: the books had it up to 3 at the restore; 2 beyond came back: 9–10; missing in between: 4–8`,
      `${shop.code}/${label}: the books had it up to 1 at the restore; 1 beyond came back: 2`,
      `${shop.code}/${unknown}: the books had it up to 0 at the restore; 1 beyond came back: 31; missing in between: 1–30`,
    ]);
  });

  it('numbers what is imported in series of its own, too', async () => {
    const { shop } = await givenRestoredShop(test);
    const where = { currency: 'INR', timezone: 'Asia/Kolkata', dayStart: '00:00', fiscalYearStart: '04-01' };
    const sales = `bill,date,product,qty,price
1,2015-06-01,Tea,2,1.50
2,2026-05-02,Tea,1,1.50
3,2026-05-02,Tea,-1,1.50`;
    await importText(db, { id: shop.id, code: shop.code, ...where }, sales, {
      allowReturns: true,
      now: clock,
    });
    const { rows } = await db.query(
      `SELECT order_number AS number FROM orders WHERE shop_id = $1 AND source = 'import'
       UNION SELECT credit_note_number FROM refunds WHERE shop_id = $1 AND source = 'import' ORDER BY number`,
      [shop.id],
    );
    const [old, now] = [await labelNow(test, shop, '1516'), await labelNow(test, shop)];
    const numbers = [`${old}/000001`, `${now}/000001`, `C${now}/00001`].map(
      (number) => `${shop.code}/${number}`,
    );
    expect(rows.map(({ number }) => number)).to.deep.equal(numbers.sort());
    await soundNotes(test, shop);
  });

  it('knows a sale that the backup has, whatever the till adds to it', async () => {
    const { shop: old, tea } = await givenOldShop(test);
    const sale = saleOf(tea, { customerName: 'Asha' });
    const { body: placed } = await old.cashier.post(`${old.path}/orders`, sale);
    await beginEpochs(test);
    const shop = await signInAgain(test, old);
    const kept = {
      ...sale,
      items: sale.items.map((line) => ({
        ...line,
        listPrice: '100.00',
        goods: { name: 'Tea', category: 'Drinks' },
      })),
      placedAt: placed.createdAt,
      orderNumber: placed.orderNumber,
      answered: { total: placed.total, cashier: { id: placed.cashierId, name: 'Asha' } },
    };
    expect(await replay(shop.cashier, shop, [kept])).to.deep.equal([
      { id: sale.id, result: 'same', order: placed },
    ]);
  });

  it('knows a sale with a phone number that it has, when it was restored without the keys of before', async () => {
    const { shop: old, tea } = await givenOldShop(test);
    const sale = saleOf(tea, { customerName: 'Asha', customerPhone: '98765 43210' });
    const { body: placed } = await old.cashier.post(`${old.path}/orders`, sale);
    await beginEpochs(test);
    await db.query("UPDATE orders SET request_hash = 'of another key' WHERE id = $1", [sale.id]);
    const shop = await signInAgain(test, old);
    const { createdAt: placedAt, orderNumber, total } = placed;
    const kept = { ...sale, placedAt, orderNumber, answered: { total } };
    const same = { id: sale.id, result: 'same', order: placed };
    expect(await replay(shop.cashier, shop, [kept])).to.deep.equal([same]);
    // Whoever says another number or time, or has no answer of it, means another sale.
    for (const change of [
      { orderNumber: `${shop.code}/2627/000003` },
      { placedAt: EARLIER.toISOString() },
      { answered: undefined },
    ])
      expect(problemOf((await replay(shop.cashier, shop, [{ ...kept, ...change }]))[0])).to.deep.equal([
        'order_conflict',
        '/id',
      ]);
  });
});
