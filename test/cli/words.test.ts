import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { inPlaceOf } from '../../src/as-typed.ts';
import { describeBack } from '../../src/cli/commands/order-refund.ts';
import { counted } from '../../src/cli/commands/verify.ts';
import { auditWords } from '../../src/cli/output/audit-words.ts';
import { fitLines } from '../../src/cli/output/labelled.ts';
import type { AuditRecord } from '../../src/contract/audit.ts';
import { auditAnswers } from '../../src/contract/command-answers/audit.ts';
import { formatMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import { parse } from '../../src/contract/parse.ts';
import { NewRefund } from '../../src/contract/refunds.ts';
import { previewRefund, refundOrder } from '../../src/core/orders/refund-order.ts';
import { showOrder } from '../../src/core/orders/show-order.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { givenProduct, givenShop, saleOf } from '../support/factories.ts';
import { runHere } from '../support/in-process.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';

describe('what commands say', function () {
  this.timeout(60_000);
  let test: TestApp;
  let shop: BusyShop;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenBusyShop(test, 'BUSY');
  });
  after(() => test.close());

  /** Two pieces, paid in cash. */
  const givenBill = async () => {
    const kulfi = await givenProduct(shop, { name: `Kulfi ${randomUUID()}`, price: '100.00' });
    const { body, status, text } = await shop.cashier.post(
      `${shop.path}/orders`,
      saleOf(kulfi, { orderType: 'takeaway', items: [{ productId: kulfi.id, quantity: 2 }] }),
    );
    expect(status, text).to.equal(201);
    return body as Order;
  };
  const shown = async (...words: string[]) => {
    const { code, stdout, stderr } = await runHere(test, ...words);
    expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
    return stdout;
  };

  it('lists the audit of the only shop without its name, with what belongs to none', async () => {
    const listed = (await runHere(test, 'audit', 'list', '--limit=1000', '--json')).json();
    const records = auditAnswers['audit list'].parse(listed);
    const own = (await runHere(test, 'audit', 'list', '--shop=busy', '--limit=1000', '--json')).json();
    expect(records.filter((record) => record.shop === 'BUSY')).to.deep.equal(own);
    expect(records.some((record) => record.shop === null)).to.equal(true);
    const times = records.map(({ at }) => Date.parse(at));
    expect(times).to.deep.equal(times.toSorted((a, b) => b - a));
    expect((await shown('audit', 'list', '--limit=3')).split('\n')[0]).to.match(/^when +who +device +what$/);
  });

  it('says what a refund gives back, by which methods and out of which drawer, and gives back that', async () => {
    const context = systemContext(test.app, 'cli');
    const asked = parse(NewRefund, {
      id: randomUUID(),
      reason: 'cold',
      payments: [{ method: 'upi', amount: '10' }, { method: 'cash' }],
      anyMethod: true,
    });
    const preview = await previewRefund(context, shop.id, shop.bills.paid, asked);
    if (!preview) throw new Error('There is no preview.');
    const [cash, upi] = ['cash', 'upi'].map((by) => preview.payments.find(({ method }) => method === by));
    const amount = formatMinor(cash?.amountMinor ?? 0);
    expect(upi?.amountMinor).to.equal(1000);
    expect(
      describeBack(
        { ...preview, payments: [cash, upi].map((one) => one as never) },
        'the main drawer',
        'INR',
      ),
    ).to.equal(`This gives back ${amount} INR in cash out of the main drawer, 10.00 INR by UPI.`);
    expect(describeBack({ totalMinor: 500, payments: [] }, null, 'INR')).to.equal(
      'No money goes back: 5.00 INR less is owed.',
    );
    expect(describeBack(preview, null, 'INR')).to.match(/No shift is open that counts this cash/);
    const { order } = await refundOrder(systemContext(test.app, 'cli'), shop.id, shop.bills.paid, asked);
    const given = order.refunds.find(({ id }) => id === asked.id);
    expect(given?.payments.find(({ method }) => method === 'cash')?.amount).to.equal(amount);
    // A refund that is there already is given again, and nothing goes back a second time.
    expect(await previewRefund(context, shop.id, shop.bills.paid, asked)).to.equal(null);
  });

  it('refunds what was agreed to, and nothing where the bill or the drawer changed meanwhile', async () => {
    const context = () => systemContext(test.app, 'cli');
    const asked = (fields: object = {}) =>
      parse(NewRefund, { id: randomUUID(), reason: 'cold', method: 'cash', ...fields });
    const { id: orderId } = await givenBill();
    const rest = asked();
    const before = await previewRefund(context(), shop.id, orderId, rest);
    if (!before) throw new Error('There is no preview.');
    const refused = async (agreed: typeof before) => {
      const error = await refundOrder(context(), shop.id, orderId, rest, agreed).catch((reason) => reason);
      expect(error.code).to.equal('version_conflict');
      expect(error.message).to.match(/changed meanwhile\. Nothing was refunded/);
      expect(
        (await showOrder(context(), shop.id, orderId)).refunds.some(({ id }) => id === rest.id),
      ).to.equal(false);
    };
    await refused({ ...before, shiftId: before.shiftId === null ? shop.id : null });
    const { items } = await showOrder(context(), shop.id, orderId);
    await refundOrder(context(), shop.id, orderId, asked({ lines: [{ lineId: items[0]?.id, quantity: 1 }] }));
    await refused(before);
    const now = await previewRefund(context(), shop.id, orderId, rest);
    const { order } = await refundOrder(context(), shop.id, orderId, rest, now ?? undefined);
    const back = order.refunds.reduce((sum, { total }) => sum + Number(total), 0);
    expect(back).to.equal(Number(order.total));
  });

  it('asks at a terminal before money goes back', async function () {
    requireTerminal(this);
    const { id: orderId, orderNumber } = await givenBill();
    const env = { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url };
    const words = ['order', 'refund', orderNumber, '--reason=cold', '--method=cash'];
    const no = onTerminal(words, env);
    await no.answer(/This gives back 210\.00 INR in cash[^?]*Refund it\?/, 'n');
    expect(await no.ends()).to.equal(6);
    expect(no.output()).to.include('Nothing was changed.');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour begins with one
    const colour = /\x1b\[(?:3|9|4|10)\d/;
    expect(no.raw()).to.match(colour);
    const late = onTerminal([...words, '--no-color'], env);
    await late.shows('Refund it?');
    const { items } = await showOrder(systemContext(test.app, 'cli'), shop.id, orderId);
    const part = { id: randomUUID(), reason: 'spilt', lines: [{ lineId: items[0]?.id, quantity: 1 }] };
    await refundOrder(systemContext(test.app, 'cli'), shop.id, orderId, parse(NewRefund, part));
    late.type('y\r');
    expect(await late.ends()).to.equal(6);
    expect(late.output().replace(/\s+/g, ' ')).to.include(
      'The bill or the drawer changed meanwhile. Nothing was refunded: look again.',
    );
    expect(late.raw()).to.not.match(colour);
    const yes = onTerminal(words, env);
    await yes.answer(/This gives back 105\.00 INR in cash[^?]*Refund it\?/, 'y');
    expect(await yes.ends()).to.equal(0);
    expect((await showOrder(systemContext(test.app, 'cli'), shop.id, orderId)).refunds).to.have.length(2);
  });

  it('makes no sum of kilos and pieces', async () => {
    const report = ['report', 'sales', '--from=2015-01-01', '--to=2099-12-31'];
    await test.app.orm.em.fork().execute("UPDATE products SET sold_by = 'piece'");
    expect(await shown(...report))
      .to.match(/Items sold +[\d.,]+/)
      .and.to.match(/ items +total/);
    const margins = ['report', 'margins', '--from=2015-01-01', '--to=2099-12-31', '--group-by=category'];
    const listed = (await runHere(test, 'shift', 'list', '--json')).json();
    const closed = listed.find(({ zNumber }: { zNumber: number | null }) => zNumber !== null);
    const paper = ['shift', 'report', String(closed.zNumber)];
    expect(await shown(...margins)).to.match(/ items +revenue/);
    expect(await shown(...paper)).to.match(/^Items sold +[\d.,]+/m);
    await givenProduct(shop, { name: 'Oil', soldBy: 'volume', unit: 'l' });
    expect(await shown(...report)).to.not.match(/Items sold| items /);
    expect(await shown(...report, '--group-by=product')).to.match(/ items +total/);
    expect(await shown(...margins)).to.not.match(/ items /);
    expect(await shown(...paper)).to.not.match(/Items sold/);
  });

  it('counts what was imported in words that agree', () => {
    const imported = (after: object) => auditWords({ type: 'data_imported', after } as AuditRecord, 'INR');
    expect(imported({ kind: 'sales', orders: 1 })).to.equal('imported sales: 1 bill');
    expect(imported({ kind: 'sales', orders: 21_350 })).to.equal('imported sales: 21,350 bills');
    expect(imported({ kind: 'products', products: 1 })).to.equal(
      'imported products: 1 product made or changed',
    );
  });

  it('writes CSV for Excel with a mark, which an import takes', async () => {
    const folder = join(test.home, 'excel');
    mkdirSync(folder);
    const plain = join(folder, 'plain.csv');
    const marked = join(folder, 'marked.csv');
    await shown('export', 'products', `--out=${plain}`);
    await shown('export', 'products', '--excel', `--out=${marked}`);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(marked, 'utf8')).to.equal(`\ufeff${readFileSync(plain, 'utf8')}`);
    expect(await shown('import', 'products', marked, '--dry-run')).to.equal(
      await shown('import', 'products', plain, '--dry-run'),
    );
    const wrong = await runHere(test, 'export', 'sales', '--excel', '--format=jsonl');
    expect(wrong.code).to.equal(2);
    expect((await runHere(test, 'report', 'sales', '--excel', '--json')).code).to.equal(2);
  });

  it('names the option that was wrong, and the field of a file', async () => {
    const refusals: [words: string[], said: string][] = [
      [['report', 'sales', '--from=x'], '--from is not a day like 2026-04-01.'],
      [['report', 'sales', '--group-by=mood'], '--group-by is not one of day, week, month'],
      [
        ['report', 'sales', '--from=x', '--to=y'],
        '--from is not a day like 2026-04-01 (and 1 more).\n  --from is not a day like 2026-04-01\n  --to is not a day like 2026-04-01',
      ],
      [['audit', 'list', '--limit=no'], '--limit is not a number from 1 to 10000.'],
    ];
    for (const [words, said] of refusals) {
      const { code, stderr } = await runHere(test, ...words);
      expect([code, stderr.slice(0, said.length)]).to.deep.equal([2, said]);
    }
    const file = join(test.home, 'wrong.json');
    writeFileSync(file, JSON.stringify({ name: 'X', price: 'much' }));
    const { stderr } = await runHere(test, 'product', 'add', `--file=${file}`);
    expect(stderr).to.match(/^The price is not an amount/);
  });

  it('names the shop of each record where there are several', async () => {
    await givenShop(test, 'ELSE');
    const table = await shown('audit', 'list', '--limit=1000');
    expect(table.split('\n')[0]).to.match(/^when +shop +who/);
    expect(table)
      .to.match(/^\S+ \S+ +ELSE /m)
      .and.to.match(/^\S+ \S+ +BUSY /m);
    // Clocks of several zones beside each other would stand in no order.
    await givenShop(test, 'AFAR', { currency: 'EUR', timezone: 'Europe/Berlin' });
    const [title, ...rows] = (await shown('audit', 'list', '--limit=1000')).trimEnd().split('\n');
    expect(title).to.match(/^when \(UTC\) +shop/);
    const times = rows.map((row) => row.slice(0, 19));
    expect(times).to.deep.equal(times.toSorted().reverse());
    expect((await shown('audit', 'list', '--shop=AFAR')).split('\n')[0]).to.match(/^when +who/);
  });

  it('counts as people do', () => {
    expect([0, 1, 2000].map((number) => counted(number, 'bills'))).to.deep.equal([
      'no bills',
      '1 bill',
      '2,000 bills',
    ]);
    const both = 'payments and credit notes in cash';
    expect([0, 1, 2].map((number) => counted(number, both))).to.deep.equal([
      'no payments or credit notes in cash',
      '1 payment or credit note in cash',
      '2 payments and credit notes in cash',
    ]);
  });

  it('breaks lines between words on a terminal, and no command', () => {
    const text =
      'Backups of this machine stay on its own disk until you say where: smoocho backup schedule --to PLACE';
    const narrow = { isTTY: true, columns: 60 };
    expect(fitLines(text, narrow).split('\n')).to.deep.equal([
      'Backups of this machine stay on its own disk until you say',
      'where: smoocho backup schedule --to PLACE',
    ]);
    expect(fitLines(text, { isTTY: true, columns: 40 }).split('\n')).to.deep.equal([
      'Backups of this machine stay on its own',
      'disk until you say where:',
      'smoocho backup schedule --to PLACE',
    ]);
    expect(fitLines(text, { isTTY: true, columns: 120 })).to.equal(text);
    expect(fitLines(text, { isTTY: false, columns: 60 })).to.equal(text);
    for (const typed of [
      'docker compose exec smoocho smoocho',
      'npx smoocho',
      'sudo -u shop ./bin/smoocho.js',
      "'/srv/my shop/bin/smoocho.js'",
      "smoocho --home '/srv/my shop'",
    ]) {
      const command = `${typed} restore FILE`;
      const sentence = `The database of this home is gone, and nothing was made in its place: ${command}. To begin a new shop instead, move all of the home away, and then say ${typed} init, which asks.`;
      const lines = fitLines(sentence, narrow).split('\n');
      expect(lines.join(' ')).to.equal(sentence);
      expect(lines.join('\n')).to.include(command).and.to.include(`${typed} init,`);
      for (const line of lines) expect(line.length, line).to.be.at.most(60);
    }
    expect(
      fitLines('Smoocho runs already at this address, so stop it with: sudo systemctl stop smoocho', narrow),
    ).to.equal('Smoocho runs already at this address, so stop it with:\nsudo systemctl stop smoocho');
    const table = `code  name${' '.repeat(60)}currency`;
    expect(fitLines(table, narrow)).to.equal(table);
  });

  it('in a container of Compose starts the container', () => {
    const name = /(?<![\w./-])smoocho(?= (?:start|status))/g;
    const compose = 'docker compose exec smoocho smoocho';
    expect(inPlaceOf(name, compose, 'Open it: smoocho start')).to.equal(
      'Open it: docker compose start smoocho',
    );
    expect(inPlaceOf(name, compose, 'See smoocho status.')).to.equal(`See ${compose} status.`);
    expect(inPlaceOf(name, './bin/smoocho.js', 'Open it: smoocho start')).to.equal(
      'Open it: ./bin/smoocho.js start',
    );
  });
});
