import { expect } from 'chai';
import { csvOf, DAY, givenReportDay, type ReportDay, reportOf } from '../support/report-day.ts';
import { warmCommands } from '../support/warm-commands.ts';

const names = ['sales', 'payments', 'tax', 'shifts', 'staff', 'margins', 'sellers', 'inventory'];

// The same day as in test/server/reports.day.test.ts, for whoever sits at a terminal.
describe('smoocho report', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let day: ReportDay;

  before(async () => {
    day = await givenReportDay('CLIR');
  });
  after(async () => {
    await day.test.close();
  });

  const run = (name: string, ...args: string[]) =>
    smoocho(['report', name, '--shop=CLIR', `--from=${DAY}`, `--to=${DAY}`, ...args], {
      SMOOCHO_HOME: day.test.home,
      DATABASE_URL: day.test.database.url,
    });

  it('says the same as HTTP', async () => {
    for (const name of names) {
      const { asOf, ...report } = (await run(name, '--json')).json();
      expect({ ...report, asOf: day.test.app.now().toISOString() }, name).to.deep.equal(
        await reportOf(day.shop, name),
      );
      expect(Date.now() - Date.parse(asOf)).to.be.within(0, 60_000);
    }
    const csv = await run('tax', '--csv');
    expect(csv.stdout.trimEnd().split('\r\n')).to.deep.equal(await csvOf(day.shop, 'tax'));
  });

  it('holds sales against the span before, and says where the tax is', async () => {
    const { stdout } = await run('sales', '--compare=previous', '--group-by=category');
    expect(stdout).to.match(/^ +2026-05-03 +change$/m);
    expect(stdout).to.match(/^Total +1,133\.67 +20\.00 +\+5568\.4%$/m);
    expect(stdout).to.match(/^Tax, on top +190\.88 +0\.00 +–$/m);
    expect(stdout).to.match(/^Shop +3 +4 +904\.67 +█+$/m);
    expect(stdout).to.match(/^\(rounding\) +0 +0 +0\.25 +▏$/m);
  });

  it('reads like a page', async () => {
    expect((await run('payments')).stdout).to.match(
      /1 bill of these days is not wholly paid: 200\.00 due\.\n$/,
    );
    expect((await run('tax')).stdout).to.match(/^CGST \+ SGST +18% +566\.67 +135\.00 +33\.00 +102\.00 +█+$/m);
    expect((await run('shifts')).stdout).to.match(/\n\nNo shift was closed\.\n$/);
    expect((await run('margins')).stdout).to.match(/766\.67 came from goods without a recipe\./);
    expect((await run('sellers', '--limit=1')).stdout).to.match(
      /\n\nSells worst .*\nproduct .*\nFalooda +Ice +0 +0\.00\n$/,
    );
    expect((await run('inventory')).stdout).to.match(/^Bottle +1 piece +low +8\.00 +1 +0 /m);
    expect((await run('staff')).stdout).to.match(
      /^manager of CLIR +1 +1 · 50\.00 +– +1 · 20\.00 +3 · 424\.33 +649\.00 /m,
    );
  });

  it('says what is wrong with a question', async () => {
    const wrong = await run('margins', '--group-by=cashier');
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      '--group-by is not one of product, variant, category.\n',
    ]);
  });
});
