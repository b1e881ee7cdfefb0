import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { systemContext } from '../../../src/app.ts';
import { parseMinor } from '../../../src/contract/money.ts';
import { exportData, type Sink } from '../../../src/core/export/export-data.ts';
import { type ExportKind, exportKinds } from '../../../src/core/export/export-kinds.ts';
import { zonedTime } from '../../../src/core/export/zoned-time.ts';
import { importProducts } from '../../../src/core/imports/import-products.ts';
import { findShop } from '../../../src/core/shops/find-shops.ts';
import { withClient } from '../../../src/database/migrate.ts';
import { givenBusyShop } from '../../support/busy-shop.ts';
import { givenProduct, givenShop, type TestShop } from '../../support/factories.ts';
import { DAY, givenReportDay, type ReportDay } from '../../support/report-day.ts';
import { CLI, importText, NOW, givenShop as salesShop, textFile } from '../imports/support.ts';

type CsvRow = Record<string, string>;
type Options = { span?: { from: string | null; to: string | null }; format?: 'csv' | 'jsonl' | 'json' };

const ALWAYS = { from: null, to: null };
const sum = (rows: CsvRow[], column: string) =>
  rows.reduce((all, row) => all + (parseMinor(row[column] || '0') ?? Number.NaN), 0);

describe('an export', () => {
  let day: ReportDay;
  let busy: TestShop;

  before(async () => {
    day = await givenReportDay('EXPA');
    busy = await givenBusyShop(day.test, 'EXPB');
  });
  after(() => day?.test.close());

  const context = () => ({ ...systemContext(day.test.app, 'cli'), app: day.test.app });
  const memory = () => {
    const chunks: string[] = [];
    const sink: Sink = {
      async begin() {
        chunks.length = 0;
      },
      async write(text) {
        chunks.push(text);
      },
    };
    return { sink, chunks, text: () => chunks.join('') };
  };
  const exported = async (
    shopId: string,
    what: ExportKind,
    { span = ALWAYS, format = 'csv' }: Options = {},
  ) => {
    const { sink, text, chunks } = memory();
    const { em } = context();
    const done = await exportData(context(), await findShop(em, shopId), { what, span, format }, sink);
    return { ...done, text: text(), chunks };
  };
  const rowsOf = async (shopId: string, what: ExportKind, options: Options = {}) =>
    parse((await exported(shopId, what, options)).text, { columns: true }) as CsvRow[];

  it('of sales, lines and payments adds up to the reports of the same days', async () => {
    for (const { shop, from, to } of [
      { shop: day.shop, from: DAY, to: DAY },
      { shop: day.shop, from: '2026-01-01', to: '2026-12-31' },
      { shop: busy, from: '2000-01-01', to: '2099-12-31' },
    ]) {
      const span = { from, to };
      const { body: report } = await shop.owner.get(`${shop.path}/reports/sales?from=${from}&to=${to}`);
      const { body: money } = await shop.owner.get(`${shop.path}/reports/payments?from=${from}&to=${to}`);
      const sales = (await rowsOf(shop.id, 'sales', { span })).filter(
        ({ status }) => !['open', 'voided'].includes(status ?? ''),
      );
      const payments = await rowsOf(shop.id, 'payments', { span });
      const lines = await rowsOf(shop.id, 'lines', { span });
      const sold = lines.filter(({ kind }) => kind === 'sale');
      expect(sum(sales, 'total') + sum(payments, 'rounding')).to.equal(parseMinor(report.totals.total));
      for (const column of ['gross', 'discount', 'serviceCharge'])
        expect(sum(sold, column), column).to.equal(parseMinor(report.totals[column]));
      expect(sum(sold, 'tax')).to.equal(parseMinor(report.totals.tax));
      const quantities = lines.reduce((all, { quantity }) => all + Number(quantity), 0);
      expect(quantities).to.be.closeTo(report.totals.itemsSold, 1e-6);
      for (const { method, net } of money.methods) {
        const own = payments.filter((row) => row.method === method);
        expect(sum(own, 'amount') + sum(own, 'tip'), method).to.equal(parseMinor(net));
      }
      expect(payments.length, shop.code).to.be.above(0);
    }
  });

  it('has every order, those that were voided and are open too, and credit notes', async () => {
    const rows = await rowsOf(day.shop.id, 'sales');
    expect(rows.map(({ status }) => status)).to.include.members(['completed', 'voided', 'open']);
    expect(rows.filter(({ kind }) => kind === 'refund').map(({ refundOf }) => refundOf)).to.have.length(3);
    const [first] = rows;
    expect(first?.at).to.match(/^2026-05-03T15:30:00\+05:30$/);
  });

  it('takes business dates, both ends included', async () => {
    const on = async (from: string | null, to: string | null) =>
      (await rowsOf(day.shop.id, 'sales', { span: { from, to } })).map(({ businessDate }) => businessDate);
    expect(new Set(await on('2026-05-03', '2026-05-03'))).to.deep.equal(new Set(['2026-05-03']));
    expect(new Set(await on(DAY, null))).to.deep.equal(new Set([DAY]));
    expect(await on('2026-05-05', null)).to.deep.equal([]);
    // At 02:00 of the next calendar day, which belongs to the evening.
    const audit = await rowsOf(day.shop.id, 'audit', { span: { from: DAY, to: DAY } });
    expect(audit.length).to.be.above(5);
    expect((await rowsOf(day.shop.id, 'audit', { span: { from: '2026-05-05', to: null } })).length).to.equal(
      0,
    );
  });

  it('is one JSON object a line, or one value, with the same figures', async () => {
    for (const what of exportKinds) {
      const csv = await exported(busy.id, what);
      const jsonl = await exported(busy.id, what, { format: 'jsonl' });
      const rows = jsonl.text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const whole = JSON.parse((await exported(busy.id, what, { format: 'json' })).text);
      // Each export leaves a record of itself, and the records before it are sealed meanwhile.
      const lasting = (all: CsvRow[]) =>
        all.filter(({ type }) => type !== 'report_exported').map(({ sealNumber: _, ...row }) => row);
      expect(lasting(whole.data), what).to.deep.equal(lasting(rows));
      if (what !== 'audit') expect(rows.length, what).to.equal(csv.rows);
      const header = parse(csv.text)[0] as string[];
      for (const row of rows) expect(Object.keys(row), what).to.deep.equal(header);
      expect(whole).to.include({ what, shop: 'EXPB', timezone: 'Asia/Kolkata', from: null, to: null });
    }
  });

  it('has nothing of another shop', async () => {
    const other = await givenShop(day.test, 'EXPC');
    for (const what of exportKinds.filter((each) => each !== 'audit'))
      expect((await exported(other.id, what)).rows, what).to.equal(0);
    const { text } = await exported(other.id, 'audit');
    expect(text).to.include('EXPC').and.not.include('EXPB');
  });

  it('stands in the audit with who made it, before anything is written', async () => {
    const account = day.test.app.config.operator();
    const shop = await givenShop(day.test, 'EXPD');
    const full = new Error('No space left');
    const sink: Sink = { begin: async () => {}, write: () => Promise.reject(full) };
    const found = await findShop(context().em, shop.id);
    const request = { what: 'customers', span: ALWAYS, format: 'csv' } as const;
    const thrown = await exportData(context(), found, request, sink).catch((error) => error);
    expect(thrown).to.equal(full);
    const { body } = await shop.owner.get(`${shop.path}/audit?type=report_exported`);
    expect(body.data.map(({ actor, after }: CsvRow) => ({ actor, after }))).to.deep.equal([
      {
        actor: { kind: 'system', id: null, name: 'cli', account },
        after: { report: 'all customers', from: null, to: null },
      },
    ]);
    const [row] = await rowsOf(shop.id, 'audit');
    expect([row?.actorName, row?.actorAccount]).to.deep.equal(['cli', account]);
  });

  it('of products is what import products reads: another shop then has the same menu', async () => {
    const [one, other] = [await givenShop(day.test, 'EXPE'), await givenShop(day.test, 'EXPF')];
    await givenProduct(one, {
      name: '=SUM(A1)',
      price: '1.00',
      category: "'-quoted",
      description: 'two\nlines; =1',
    });
    await givenProduct(one, { name: "'=own apostrophe", price: '2.50', sku: '-5', barcode: '4006381333931' });
    await givenProduct(one, { name: 'कुल्फी, "बड़ी"', price: '120.00', hsn: '2105', isActive: false });
    await givenProduct(one, { name: 'Paneer', price: '400.00', soldBy: 'weight', unit: 'kg' });
    await givenProduct(one, {
      name: 'Pizza',
      price: '9.00',
      sku: 'PZ',
      variants: [
        { name: 'S', price: '9.00', sku: 'PZ-S' },
        { name: 'L', price: '14.00', sku: 'PZ-L', barcode: '96385074' },
      ],
    });
    const { text } = await exported(one.id, 'products');
    const imported = await withClient(day.test.database.url, (client) =>
      importProducts(client, other.id, textFile(text), {
        skipBad: false,
        dryRun: false,
        now: NOW,
        actor: CLI,
      }),
    );
    expect(imported).to.include({ products: 5, variants: 2, badCount: 0 });
    const menuOf = async (shop: TestShop) =>
      (await rowsOf(shop.id, 'products')).map(({ id: _, variantId: __, ...row }) => row);
    expect(await menuOf(other)).to.deep.equal(await menuOf(one));
    const again = await withClient(day.test.database.url, (client) =>
      importProducts(client, other.id, textFile(text), {
        skipBad: false,
        dryRun: false,
        now: NOW,
        actor: CLI,
      }),
    );
    expect(again).to.include({ products: 0, changedProducts: 0, changedVariants: 0 });
  });

  it('of lines is what import sales reads, and comes in small pieces', async () => {
    await withClient(day.test.database.url, async (client) => {
      const [one, other] = [await salesShop(client), await salesShop(client)];
      const bills = Array.from({ length: 700 }, (_, i) => `${i},2015-0${1 + (i % 9)}-11,12:${10 + (i % 50)}`);
      const file = bills.flatMap((bill) => [`${bill},tea,Tea,2,1.50`, `${bill},cake,Cake,1,9.99`]).join('\n');
      const brought = await importText(client, one, `order,date,time,sku,product,quantity,price\n${file}`);
      const { text, chunks, rows } = await exported(one.id, 'lines');
      expect(rows).to.equal(brought.lines);
      // A batch of the cursor each, and never all of it.
      expect(Math.max(...chunks.map(({ length }) => length))).to.be.below(100_000);
      const back = await importText(client, other, text, { columns: { total: '' }, allowReturns: true });
      expect(back).to.include({
        orders: brought.orders,
        lines: brought.lines,
        totalMinor: brought.totalMinor,
      });
    });
  });

  it('begins anew on the primary where the replica broke off, if what was written can be taken back', async () => {
    const { em, app } = context();
    const found = await findShop(em, busy.id);
    // As a replica does that cancels a statement in the middle.
    const replica: NonNullable<typeof app.replica> = {
      read: async (primary, work) => {
        await work(primary, new Date(0)).catch(() => {});
        return await work(primary, new Date(1));
      },
      check: async () => {},
      state: () => ({ unusedFor: null, asOf: null }),
      close: async () => {},
    };
    const file = memory();
    const request = { what: 'sales', span: ALWAYS, format: 'csv' } as const;
    const replicated = { ...context(), app: { ...app, replica } };
    const done = await exportData(replicated, found, request, file.sink);
    expect(file.text()).to.equal((await exported(busy.id, 'sales')).text);
    expect(done.asOf).to.equal(new Date(1).toISOString());
  });
});

describe('a time of an export', () => {
  it('has the offset of its zone, in winter and in summer', () => {
    expect(zonedTime('2015-01-01T16:38:36.900Z', 'America/New_York')).to.equal('2015-01-01T11:38:36-05:00');
    expect(zonedTime('2015-07-01T16:38:36Z', 'America/New_York')).to.equal('2015-07-01T12:38:36-04:00');
    expect(zonedTime(0, 'Asia/Kolkata')).to.equal('1970-01-01T05:30:00+05:30');
    expect(zonedTime('2026-01-01T00:00:00Z', 'UTC')).to.equal('2026-01-01T00:00:00+00:00');
    expect(Date.parse(zonedTime('2026-11-01T06:30:00Z', 'America/New_York'))).to.equal(
      Date.parse('2026-11-01T06:30:00Z'),
    );
  });
});
