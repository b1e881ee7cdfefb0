import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { inLine } from '../../src/cli/output/in-line.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll } from '../support/audit-parts.ts';
import { smoocho } from '../support/cli.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { insertDevice } from '../support/offline-parts.ts';

const ESCAPE = '\u001b';
/** Erases its line, goes up over the one before, begins one of its own, and turns letters around. */
const HOSTILE = `x\r${ESCAPE}[2K${ESCAPE}[1A\nFORGED\u2028FORGED\t\u009b2K\u202Eabc\u2066\u200F\u061C`;
const SHOWN = 'x··[2K·[1A·FORGED·FORGED··2K·abc···';

describe('what people typed in, on the terminal of whoever looks at it', function () {
  this.timeout(120_000);
  let test: TestApp;
  let db: pg.Client;
  let shop: TestShop;
  let shiftId: string;
  let product: { id: string };

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenShop(test, 'TERM');
    db = await test.database.connect();
    product = await givenProduct(shop, { name: HOSTILE });
    shiftId = randomUUID();
    const requests = [
      shop.cashier.post(`${shop.path}/shifts`, { id: shiftId, openingFloat: '50.00' }),
      shop.owner.post(`${shop.path}/inventory`, { name: HOSTILE, unit: 'piece', quantity: 1 }),
      shop.owner.put(shop.path, { name: HOSTILE }),
    ];
    for (const { status, text } of await Promise.all(requests)) expect(status, text).to.be.within(200, 201);
    const movement = { id: randomUUID(), type: 'out', amount: '10.00', reason: HOSTILE };
    await shop.cashier.post(`${shop.path}/shifts/${shiftId}/cash-movements`, movement);
    const sale = saleOf(product, { customerName: HOSTILE, customerPhone: '9811100011' });
    expect((await shop.cashier.post(`${shop.path}/orders`, sale)).status).to.equal(201);
    await shop.cashier.post(`${shop.path}/shifts/${shiftId}/close`, { denominations: [], note: HOSTILE });
    await db.query('UPDATE users SET name = $1 WHERE email = $2', [HOSTILE, shop.emails.cashier]);
    for (const series of ['A', 'B']) await insertDevice(db, shop.id, { name: HOSTILE, series });
    await sealAll(test);
  });
  after(() => test.close());

  /** What a command writes, after a look at whether it has only what it wrote itself. */
  async function look(...args: string[]): Promise<string> {
    const { stdout, stderr } = await smoocho(args, {
      SMOOCHO_HOME: test.home,
      DATABASE_URL: test.database.url,
    });
    const written = stdout + stderr;
    expect(written.replaceAll('\n', ''), args.join(' ')).to.not.match(
      /[\p{Cc}\u2028\u202E\u2066\u200F\u061C]/u,
    );
    expect(written, args.join(' ')).to.not.match(/^FORGED/m);
    return written;
  }

  it('neither erases, forges nor turns around a line of a list', async () => {
    expect(await look('audit', 'list', '--shop=TERM')).to.include(`took out 10.00, ${SHOWN}\n`);
    for (const list of ['user', 'shift', 'device']) await look(list, 'list', '--shop=TERM');
    expect(await look('shop', 'list')).to.include(SHOWN);
    for (const name of ['sales', 'sellers', 'inventory', 'staff', 'shifts'])
      expect(await look('report', name, '--shop=TERM'), name).to.include(SHOWN);
  });

  it('nor one of a receipt, a sentence or an error', async () => {
    expect(await look('shift', 'report', shiftId, '--shop=TERM')).to.match(/^x··.*\nZ report 1 ·/);
    expect(await look('user', 'revoke', `--email=${shop.emails.cashier}`)).to.include(`${SHOWN}: `);
    const email = `--email=${shop.emails.cashier}`;
    expect(await look('user', 'disable', email)).to.include(`${SHOWN} can't sign in`);
    expect(await look('device', 'revoke', HOSTILE, '--shop=TERM')).to.include(
      `is called ${SHOWN} like others`,
    );
  });

  it('nor one of what is verified', async () => {
    await db.query('UPDATE customers SET phone_hash = $1', [Buffer.from('y')]);
    await db.query(
      `UPDATE events SET data = jsonb_set(data, '{total}', '"1.00"') WHERE type = 'order_created'`,
    );
    expect(await look('verify')).to.match(/WRONG.*\n +x··\[2K.*: /);
    expect(await look('audit', 'verify', '--shop=TERM')).to.match(/^x··.*\(TERM\)\n[\s\S]*WRONG {2}Event/);
  });

  it('keeps the letters of every script, and gives JSON as it is', async () => {
    const names = [
      'क्‍ष',
      'ക്‌',
      'שלום',
      'Zoë',
      '👩‍🍳',
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
    ];
    expect(names.map(inLine)).to.deep.equal(names);
    const { json } = await smoocho(['shop', 'list', '--json'], {
      SMOOCHO_HOME: test.home,
      DATABASE_URL: test.database.url,
    });
    expect(json()[0].name).to.equal(HOSTILE);
  });
});
