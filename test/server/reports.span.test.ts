import { expect } from 'chai';
import { givenShop, type TestShop } from '../support/factories.ts';
import { csvOf, DAY, givenReportDay, type ReportDay, reportOf } from '../support/report-day.ts';

const names = ['sales', 'tax', 'payments', 'shifts', 'inventory', 'margins', 'staff', 'sellers'];

describe('every report', () => {
  let day: ReportDay;
  let other: TestShop;

  before(async () => {
    day = await givenReportDay('SPAN');
    other = await givenShop(day.test, 'ELSE');
  });
  after(() => day.test.close());

  /** Whether a figure says anything: a list has an entry, an amount is not nothing. */
  const isBlank = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.length === 0
      : typeof value === 'object' && value !== null
        ? Object.values(value).every(isBlank)
        : value === null || Number(value) === 0;

  for (const name of names) {
    describe(name, () => {
      it('is of today where no day is named, which in this shop is still yesterday', async () => {
        const { from, to, currency, timezone, asOf, ...report } = await reportOf(day.shop, name);
        expect(asOf).to.equal(day.test.app.now().toISOString());
        expect([from, to, currency, timezone]).to.deep.equal([DAY, DAY, 'INR', 'Asia/Kolkata']);
        if (name !== 'shifts') expect(isBlank(report.totals ?? report.best), name).to.equal(false);
      });

      it('shows another shop nothing of it', async () => {
        const {
          from: _,
          to: __,
          currency: ___,
          timezone: ____,
          groupBy: _____,
          by: ______,
          asOf: _______,
          ...report
        } = await reportOf(other, name, `from=2000-01-01&to=9999-12-31`);
        expect(isBlank(report), JSON.stringify(report)).to.equal(true);
        expect((await other.manager.get(`${day.shop.path}/reports/${name}`)).status).to.equal(404);
      });

      it('is nought for a span in which nothing was', async () => {
        const report = await reportOf(day.shop, name, 'from=2025-01-01&to=2025-12-31');
        const { items, worst, totals = {}, ...rest } = report;
        // Stock is of now, and what is on the menu is on it whether it sells or not.
        if (name === 'inventory') {
          const moved = items.map(({ sold, opened }: Record<string, unknown>) => [sold, opened]);
          expect(moved).to.deep.equal([
            [0, 0],
            [0, 0],
          ]);
        } else {
          const lists = Object.values(rest).filter(Array.isArray);
          expect(lists.every(isBlank) && isBlank(totals), JSON.stringify(report)).to.equal(true);
        }
        const lines = await csvOf(other, name, 'from=2025-01-01&to=2025-12-31');
        expect(lines).to.have.length(1);
      });

      it('is for managers, in JSON or CSV, and says what is wrong with a question', async () => {
        const path = `${day.shop.path}/reports/${name}`;
        expect((await day.shop.cashier.get(path)).status).to.equal(403);
        expect((await day.shop.manager.get(path, { accept: 'image/png' })).status).to.equal(406);
        const reversed = await day.shop.manager.get(`${path}?from=2026-02-02&to=2026-02-01`);
        expect(reversed.body.errors[0].pointer).to.equal('/query/to');
        const unknown = await day.shop.manager.get(`${path}?colour=red`);
        expect(unknown.body.errors[0].pointer).to.equal('/query/colour');
      });
    });
  }
});
