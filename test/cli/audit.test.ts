import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type pg from 'pg';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll } from '../support/audit-parts.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { givenProduct, signIn } from '../support/factories.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('smoocho audit', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let test: TestApp;
  let shop: BusyShop;
  let db: pg.Client;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenBusyShop(test, 'BUSY');
    db = await test.database.connect();
    await sealAll(test);
  });
  after(() => test.close());

  const run = (...args: string[]) =>
    smoocho(['audit', ...args], { SMOOCHO_HOME: test.home, DATABASE_URL: test.database.url });

  describe('list', () => {
    /** The lines without the times. */
    const linesOf = async (...args: string[]) => {
      const { code, stdout, stderr } = await run('list', '--shop=busy', ...args);
      expect([code, stderr]).to.deep.equal([0, '']);
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +/, '').replace(/ {2,}/g, '  '));
    };

    it('says who did what, in words', async () => {
      const tea = await givenProduct(shop, { name: 'Kulfi', price: '80.00' });
      await shop.manager.put(`${shop.path}/products/${tea.id}`, { price: '90.00' });
      await shop.manager.put(`${shop.path}/inventory/${shop.milk.id}`, { adjust: '2', reason: 'purchase' });
      await shop.cashier.post(`${shop.path}/shifts`, { id: randomUUID(), openingFloat: '50.00' });
      expect(await linesOf('--limit=4')).to.deep.equal([
        'when  who  device  what',
        'cashier of BUSY  opened main drawer with 50.00',
        'manager of BUSY  stock of Milk: 90.375 → 92.375 litre',
        'manager of BUSY  changed price of Kulfi 80.00 → 90.00',
        'manager of BUSY  added Kulfi at 80.00',
      ]);
      const [, voided, ...others] = await linesOf('--action=voided');
      expect(voided).to.match(/^manager of BUSY {2}bill BUSY\/\d{4}\/\d{6}, [\d.]+: voided: wrong table$/);
      expect(others).to.deep.equal([]);
      const refunds = await linesOf('--action=refunded');
      expect(refunds).to.have.length(4);
      expect(refunds[1]).to.match(/: refunded [\d.]+( \([^)]+\))?: cold$/);
      expect((await linesOf('--action=edited')).at(-1)).to.match(
        /: changed from [\d.]+ to [\d.]+; took off 1\.000 Tea: spilt$/,
      );
      await signIn(test, shop.emails.owner);
      expect(await linesOf(`--user=${shop.emails.owner}`, '--type=signed_in', '--limit=1')).to.deep.equal([
        'when  who  device  what',
        'Owner of BUSY  127.0.0.1  signed in',
      ]);
      const everything = await linesOf('--limit=1000');
      expect(everything.join('\n')).to.not.match(/undefined|null|NaN|\[object/);
      expect(everything.join('\n')).to.match(/imported sales: 2 bills/);
    });

    it('without a shop lists what belongs to none', async () => {
      await test.app.orm.em.fork().execute(
        `WITH c AS (UPDATE audit_chains SET log_seq = log_seq + 1 WHERE shop_id IS NULL RETURNING id, log_seq)
         INSERT INTO security_log SELECT id, log_seq, 'secrets_rotated', now(), '{"kind":"system","id":null,"name":"cli"}', NULL, NULL, '{}' FROM c`,
      );
      const { code, stdout } = await run('list', '--limit=1');
      expect([code, stdout.split(/ {2,}|\n/).slice(-3)]).to.deep.equal([
        0,
        ['command line', 'made new keys', ''],
      ]);
    });

    it('gives the same as JSON, and says what is wrong with a filter', async () => {
      const { code, json } = await run('list', '--shop=BUSY', '--action=voided', '--json');
      expect([code, json().length, json()[0].after.voidReason]).to.deep.equal([0, 1, 'wrong table']);
      expect((await linesOf('--from=2050-01-01T00:00:00Z'))[0]).to.equal('There is no such record.');
      expect((await run('list', '--shop=BUSY', '--type=nonsense')).code).to.equal(2);
      expect((await run('list', '--shop=BUSY', '--limit=0')).code).to.equal(2);
      expect((await run('list', '--shop=BUSY', '--user=nobody@example.com')).code).to.equal(1);
    });
  });

  describe('verify', () => {
    it('finds nothing in a shop where nobody was at the records, and takes the head of a Z report', async () => {
      await sealAll(test);
      const { code, stdout, stderr } = await run('verify');
      expect([code, stderr]).to.deep.equal([0, '']);
      expect(stdout).to.match(/^The installation itself\n {2}\d+ records?, /m);
      expect(stdout).to.match(
        /^Shop BUSY \(BUSY\)\n {2}\d+ records, \d+ seals, 0 not sealed yet\n {2}head \d+:[0-9a-f]{64}\nNothing was/m,
      );
      const { chains } = (await run('verify', '--shop=busy', '--json')).json();
      expect(chains).to.have.length(1);
      const [sealNo, hash] = chains[0].head.split(':');
      const head = `${sealNo}:${hash.slice(0, 32)}\n${hash.slice(32)}`;
      expect((await run('verify', '--shop=busy', `--head=${head}`)).code).to.equal(0);
      expect((await run('verify', '--shop=busy', `--head=${sealNo}:${hash.slice(0, 16)}…`)).code).to.equal(0);
      const other = await run('verify', '--shop=busy', `--head=${sealNo}:${'0'.repeat(64)}`);
      expect(other.code).to.equal(4);
      expect(other.stdout).to.match(/^ {2}WRONG {2}The head that was given: It has another seal/m);
      for (const wrong of [[`--head=${chains[0].head}`], ['--shop=busy', '--head=12:abc']]) {
        expect((await run('verify', ...wrong)).code).to.equal(2);
      }
    });

    it('prints the head under a Z report, as it is typed in again', async () => {
      const { body: open } = await shop.cashier.get(`${shop.path}/shifts?open=true`);
      const id = open.data[0].id;
      const { body: z } = await shop.cashier.post(`${shop.path}/shifts/${id}/close`, { denominations: [] });
      const { stdout } = await smoocho(['shift', 'report', id, '--shop=BUSY'], {
        SMOOCHO_HOME: test.home,
        DATABASE_URL: test.database.url,
      });
      const printed = /Audit head\n(\d+:[0-9a-f]{32}\n[0-9a-f]{32})\n$/.exec(stdout)?.[1] as string;
      expect(printed.replace('\n', '')).to.equal(z.auditHead);
      expect((await run('verify', '--shop=busy', `--head=${printed}`)).code).to.equal(0);
    });

    it('names what was changed, with exit code 4, and so does smoocho verify', async () => {
      await db.query(
        `UPDATE events SET data = jsonb_set(data, '{voidReason}', '"a complaint"')
         WHERE shop_id = $1 AND data->>'status' = 'voided'`,
        [shop.id],
      );
      const { code, stdout } = await run('verify', '--shop=busy');
      expect(code).to.equal(4);
      expect(stdout).to.match(
        /^ {2}WRONG {2}Event \d+: It was changed after seal \d+ of .*\. Now it says: order_updated of BUSY\/.*, by manager of BUSY\.$/m,
      );
      const json = (await run('verify', '--shop=busy', '--json')).json();
      expect([json.isSound, json.chains[0].faults[0].kind]).to.deep.equal([false, 'changed']);
      const books = await smoocho(['verify', '--shop=busy'], {
        SMOOCHO_HOME: test.home,
        DATABASE_URL: test.database.url,
      });
      expect(books.code).to.equal(4);
      expect(books.stdout).to.match(
        /^ {2}WRONG {2}The records of who did what are as they were sealed: not so for 1/m,
      );
    });
  });
});
