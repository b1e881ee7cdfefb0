import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { type App, createApp, systemContext } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { addCashMovement } from '../../src/core/shifts/add-cash-movement.ts';
import { closeShift } from '../../src/core/shifts/close-shift.ts';
import { openShift } from '../../src/core/shifts/open-shift.ts';
import { findShopByCode } from '../../src/core/shops/find-shops.ts';
import { initOptions } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('smoocho shift', () => {
  const smoocho = warmCommands();
  let home: string;
  let database: TestDatabase;
  let env: Record<string, string>;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, LOG_LEVEL: 'silent' };
    await smoocho(['init', ...initOptions(home)], env);
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const run = (...args: string[]) => smoocho(['shift', ...args, '--shop=KULF'], env);

  /** One drawer, opened on 1 April at noon, with 50.00 in and counted ten short; one more that is open. */
  async function givenShifts(app: App): Promise<{ closed: string; open: string }> {
    const [closed, open] = [randomUUID(), randomUUID()];
    const context = systemContext(app, 'test');
    const shop = await findShopByCode(context.em, 'KULF');
    await openShift(context, shop.id, { id: closed, openingFloat: 100_000 });
    const change = { id: randomUUID(), type: 'in', amount: 5_000, reason: 'change' } as const;
    await addCashMovement(context, shop.id, closed, change);
    const denominations = [
      { value: 10_000, count: 10 },
      { value: 1_000, count: 4 },
    ];
    await closeShift(context, shop.id, closed, { denominations, note: 'A note is torn' });
    await openShift(context, shop.id, { id: open, openingFloat: 0, deviceId: 'till-1' });
    return { closed, open };
  }

  it('lists the drawers and prints their reports', async () => {
    expect((await run('list')).stdout).to.equal('No shift was opened.\n');
    let now = Date.parse('2026-04-01T06:30:00Z');
    const clock = () => {
      now += 60_000;
      return new Date(now);
    };
    const app = await createApp(loadConfig({ home }, env), { now: clock });
    const { closed, open } = await givenShifts(app).finally(() => app.close());

    const list = await run('list', '--from=2026-04-01', '--to=2026-04-01');
    expect(list.stdout.replace(/ +/g, ' ').split('\n')).to.include.members([
      `1 2026-04-01 main drawer 2026-04-01 12:01 2026-04-01 12:05 1,000.00 1,050.00 1,040.00 -10.00 ${closed}`,
      ` 2026-04-01 till-1 2026-04-01 12:07 open 0.00 ${open}`,
    ]);
    expect((await run('list', '--json')).json()).to.have.length(2);

    const z = await run('report', '1');
    expect(z.stdout.replace(/ +/g, ' ')).to.include('Kulfi Corner\nZ report 1 · 2026-04-01 · INR\n');
    for (const line of ['Float 1,000.00', 'Paid in 50.00', 'Should be there 1,050.00', 'Difference -10.00'])
      expect(z.stdout.replace(/ +/g, ' ')).to.include(`\n${line}\n`);
    expect(z.stdout).to.match(/\n\nA note is torn\n$/);
    expect((await run('report', closed, '--json')).json()).to.deep.include({ type: 'Z' });
    expect((await run('report', open)).stdout)
      .to.include('X report · ')
      .and.not.include('Counted');

    const none = await run('report', '2');
    expect([none.code, none.stderr]).to.deep.equal([1, 'There is no such shift.\n']);
    const wrong = await run('report', 'abc');
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      'The shift is neither an id nor the number of a Z report.\n',
    ]);
  }).timeout(120_000);
});
