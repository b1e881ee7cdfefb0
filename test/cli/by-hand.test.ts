import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { z } from 'zod';
import type { systemContext } from '../../src/app.ts';
import { changeRead } from '../../src/cli/at-shop.ts';
import { showQr } from '../../src/cli/greeting.ts';
import { bookAll } from '../../src/cli/stock.ts';
import { customerAnswers } from '../../src/contract/command-answers/customer.ts';
import { inventoryAnswers } from '../../src/contract/command-answers/inventory.ts';
import { orderAnswers } from '../../src/contract/command-answers/order.ts';
import { productAnswers } from '../../src/contract/command-answers/product.ts';
import { settingsAnswers } from '../../src/contract/command-answers/settings.ts';
import { shopAnswers } from '../../src/contract/command-answers/shop.ts';
import { userAnswers } from '../../src/contract/command-answers/user.ts';
import { findShop } from '../../src/core/shops/find-shops.ts';
import { viewSettings } from '../../src/core/shops/settings.ts';
import { updateSettings } from '../../src/core/shops/update-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { sealAll } from '../support/audit-parts.ts';
import { type BusyShop, givenBusyShop } from '../support/busy-shop.ts';
import { eventsOf, givenProduct, givenShop, type TestShop } from '../support/factories.ts';
import { type RanHere, runHere } from '../support/in-process.ts';

const answers: Record<string, z.ZodType> = {
  ...productAnswers,
  ...settingsAnswers,
  ...shopAnswers,
  ...orderAnswers,
  ...customerAnswers,
  ...inventoryAnswers,
};

describe('what an owner does by command', function () {
  this.timeout(60_000);
  let test: TestApp;
  let shop: BusyShop;
  let other: TestShop;
  const tried = new Set<string>();

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenBusyShop(test, 'BUSY');
    other = await givenShop(test, 'ELSE');
  });
  after(() => test.close());

  const run = (...words: string[]) => runHere(test, ...words, '--shop=busy');
  const fails = ({ code, stderr, stdout }: RanHere) => {
    expect(stdout).to.equal('');
    return [code, stderr];
  };
  /** The command's JSON, held against its schema. */
  const json = async (...words: string[]) => {
    const { code, stderr, json: read } = await run(...words, '--json');
    expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
    const name = words.slice(0, 2).join(' ');
    tried.add(name);
    return (answers[name] as z.ZodType).parse(read());
  };
  const shown = async (...words: string[]) => {
    const { code, stdout, stderr } = await run(...words);
    expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd().replace(/ {2,}/g, '  '));
  };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
  const any = async (...words: string[]) => (await json(...words)) as any;
  const lastEvent = async () => (await eventsOf(test, shop.id)).at(-1);

  describe('with products', () => {
    it('adds, shows, changes and removes them, as the routes do, and says so in the records', async () => {
      const added = await any(
        'product',
        'add',
        '--name=Chai',
        '--price=25',
        '--category=Drinks',
        '--sku=CH1',
      );
      expect(added).to.include({ name: 'Chai', price: '25.00', sku: 'CH1', isActive: true, version: 1 });
      const { body } = await shop.cashier.get(`${shop.path}/products/${added.id}`);
      expect(body).to.deep.equal(added);
      expect(await lastEvent()).to.deep.include({ type: 'product_created' });
      expect((await lastEvent())?.actor).to.deep.equal({
        kind: 'system',
        id: null,
        name: 'cli',
        account: test.app.config.operator(),
      });
      expect(await shown('product', 'set', 'CH1', '--price=30.5', '--category=', '--inactive')).to.deep.equal(
        [
          'Chai',
          '  before  now',
          '  price  25.00  30.50',
          '  category  Drinks  –',
          '  isActive  true  false',
        ],
      );
      expect(await shown('product', 'set', 'ch1', '--price=30.50')).to.deep.equal([
        'Chai: nothing changed, it was so already.',
      ]);
      expect((await shown('product', 'show', added.id))[0]).to.equal('Chai (not sold for now)');
      expect(await any('product', 'show', 'chai')).to.include({ price: '30.50', category: null });
      expect(await shown('product', 'remove', 'Chai')).to.deep.equal(['Chai is off the menu.']);
      expect((await run('product', 'show', added.id)).code).to.equal(1);
    });

    it('takes what show printed back from a file, but not over what somebody changed since', async () => {
      const file = join(test.home, 'product.json');
      const product = await givenProduct(shop, { name: 'Lassi', price: '60.00', sku: 'LAS' });
      const edited = { ...(await any('product', 'show', 'LAS')), variants: [{ name: 'Large', price: 80 }] };
      writeFileSync(file, JSON.stringify(edited));
      const set = await any('product', 'set', 'LAS', `--file=${file}`, '--price=65');
      expect(set).to.include({ price: '65.00', version: 2 });
      expect(set.variants).to.have.length(1);
      const [code, sentence] = fails(await run('product', 'set', 'LAS', `--file=${file}`));
      expect([code, sentence]).to.deep.equal([
        1,
        'You changed version 1, but it is at version 2 by now. Look at it again.',
      ]);
      expect((await any('product', 'show', product.id)).price).to.equal('65.00');
      writeFileSync(file, '[1]');
      expect(fails(await run('product', 'set', 'LAS', `--file=${file}`))).to.deep.equal([
        2,
        `${file} is not a JSON object.`,
      ]);
      rmSync(file);
      expect(fails(await run('product', 'add', `--file=${file}`))).to.deep.equal([
        2,
        `${file} is not there.`,
      ]);
    });

    it('finds one by id, SKU, barcode or name, and says which there are', async () => {
      const twins = [
        await givenProduct(shop, { name: 'Bun', price: '5.00', category: 'Food' }),
        await givenProduct(shop, { name: 'Bun', price: '7.00' }),
      ];
      for (const word of ['TEA', '4006381333931', '04006381333931', 'tea', 'Tea'])
        expect((await any('product', 'show', word)).name, word).to.equal('Tea');
      const [code, several] = fails(await run('product', 'show', 'Bun'));
      expect(code).to.equal(2);
      for (const { id } of twins) expect(several).to.include(id);
      expect(several).to.include('Bun, Food, 5.00');
      await givenProduct(shop, { name: 'TEA', price: '1.00' });
      expect(fails(await run('product', 'show', 'TEA'))[0]).to.equal(2);
      const [none, sentence] = fails(await run('product', 'show', 'Buns'));
      expect(none).to.equal(1);
      expect(sentence).to.match(
        /^No product has the id, SKU, barcode or name Buns\. There are: Bun, Bun, .*, and \d+ more\.$/,
      );
    });

    it('refuses wrong input in the words of the API, with 2, and what is another shop’s as if it were not there', async () => {
      const wrong = { name: 'X', price: '1.234', sortOrder: 'x', taxClass: 'nope' };
      const { body } = await shop.manager.post(`${shop.path}/products`, { name: 'X', price: '1.234' });
      expect(fails(await run('product', 'add', '--name=X', '--price=1.234'))).to.deep.equal([
        2,
        body.detail.replace('The price', '--price'),
      ]);
      const refused = fails(
        await run('product', 'add', '--name=X', '--price=1', `--tax-class=${wrong.taxClass}`),
      );
      expect(refused[0]).to.equal(2);
      expect(refused[1]).to.match(/^--tax-class is not a tax class of this shop \(known: food\)/);
      expect(fails(await run('product', 'add', '--name=X', '--price=1', '--sort-order=x'))[0]).to.equal(2);
      expect(fails(await run('product', 'set', 'TEA-X'))).to.deep.equal([
        2,
        'Nothing to change was named. Add --help to see what can be.',
      ]);
      const foreign = await givenProduct(other, { name: 'Foreign', sku: 'FOR' });
      for (const words of [
        ['product', 'show', foreign.id],
        ['product', 'set', foreign.id, '--price=1'],
        ['product', 'remove', 'FOR', '--yes'],
        ['order', 'show', foreign.id],
        ['customer', 'show', foreign.id],
        ['inventory', 'adjust', foreign.id, '--by=1', '--reason=waste'],
      ])
        expect(fails(await run(...words))[0], words.join(' ')).to.equal(1);
      expect((await runHere(test, 'product', 'show', 'FOR', '--shop=else')).code).to.equal(0);
    });

    it('lists them by page, as long as is asked for', async () => {
      for (let i = 0; i < 5; i += 1) await givenProduct(shop, { name: `Row ${i}`, category: 'Rows' });
      const first = await any('product', 'list', '--category=Rows', '--limit=3');
      expect(first.data.map(({ name }: { name: string }) => name)).to.deep.equal(['Row 0', 'Row 1', 'Row 2']);
      const rest = await any(
        'product',
        'list',
        '--category=Rows',
        '--limit=3',
        `--cursor=${first.nextCursor}`,
      );
      expect([rest.data.length, rest.nextCursor]).to.deep.equal([2, null]);
      expect((await any('product', 'list', '--limit=5000')).nextCursor).to.equal(null);
      const lines = await shown('product', 'list', '--category=Rows', '--limit=2');
      expect(lines).to.deep.equal([
        'category  name  price  SKU  barcode',
        'Rows  Row 0  100.00',
        'Rows  Row 1  100.00',
        '',
        'There is more. Name a larger --limit than 2.',
      ]);
      expect(await shown('product', 'list', '--search=nowhere')).to.deep.equal(['There is no such product.']);
      for (const limit of ['0', '1.5', 'x', '10001'])
        expect(fails(await run('product', 'list', `--limit=${limit}`))[0]).to.equal(2);
      expect(fails(await run('product', 'list', '--cursor=x'))[0]).to.equal(2);
      expect(fails(await run('product', 'list', '--active', '--inactive'))).to.deep.equal([
        2,
        '--active and --inactive exclude each other.',
      ]);
    });
  });

  describe('with settings', () => {
    it('sets several by dotted paths, all or none, and shows before and after', async () => {
      expect(
        await shown(
          'settings',
          'set',
          'tax.mode=inclusive',
          'kitchen.enabled=true',
          'receipt.footer=a=b "c"',
          'upiId=12345',
        ),
      ).to.deep.equal([
        'Shop BUSY',
        '  before  now',
        '  tax.mode  exclusive  inclusive',
        '  kitchen.enabled  false  true',
        '  receipt.footer  –  a=b "c"',
        '  upiId  –  12345',
      ]);
      const before = await any('settings', 'show');
      const [code] = fails(await run('settings', 'set', 'tax.mode=exclusive', 'tax.defaultClass=nope'));
      expect(code).to.equal(2);
      expect(await any('settings', 'show')).to.deep.equal(before);
      expect(await any('settings', 'show', 'tax.mode')).to.equal('inclusive');
      const { body } = await shop.manager.get(`${shop.path}/settings`);
      expect(body).to.deep.equal(before);
      const set = await any('settings', 'set', 'discountLimits.cashier=12.5', 'categories=["Drinks","Food"]');
      expect(set.changed).to.deep.equal([
        { path: 'discountLimits.cashier', before: '20', after: '12.5' },
        { path: 'categories', before: [], after: ['Drinks', 'Food'] },
      ]);
      await run('settings', 'set', 'tax.mode=exclusive', 'kitchen.enabled=false');
    });

    it('takes the taxes of a template, which a shop that was set up in a browser has not', async () => {
      const { tax } = await any('settings', 'show');
      await json('settings', 'set', 'country=IN');
      const gstin = 'tax.registrationNumber=27 ABCPE1234F 1ZB';
      const { settings } = await any('settings', 'set', '--tax', 'in-gst', gstin);
      const registered = { registrationNumber: '27ABCPE1234F1ZB', state: '27' };
      expect(settings.tax).to.include({ split: 'gst', ...registered });
      expect(settings.tax.classes.length).to.be.above(2);
      for (const [words, said] of [
        [['--tax', 'gst'], '--tax is none of in-gst, '],
        [['--tax', 'eu-vat'], "The shop's country is IN"],
        [['--tax', 'sales-tax'], 'needs --tax-rate'],
        [['--tax-rate', '5'], 'is for --tax sales-tax'],
        [
          ['tax.registrationNumber=X1'],
          'The registration number of tax has 2 characters, and a GSTIN has 15',
        ],
        [['tax.state=KA'], 'The state of tax is Karnataka (29), and the GSTIN is one of Maharashtra (27)'],
        [['tax.state=Bombay'], 'The state of tax is not a State of India: take its GST code such as 27'],
      ] as const) {
        const { code, stderr } = await run('settings', 'set', ...words);
        expect(stderr).to.include(said);
        expect(code).to.equal(2);
      }
      await json('settings', 'set', `tax=${JSON.stringify(tax)}`);
    });

    it('keeps what is beside a value within custom', async () => {
      await json('settings', 'set', 'custom.printer={"width":80,"name":"a"}', 'custom.other=true');
      await json(
        'settings',
        'set',
        'custom.printer.width=58',
        'custom.printer.cut=true',
        'custom.other=null',
      );
      expect(await any('settings', 'show', 'custom')).to.deep.equal({
        printer: { width: 58, name: 'a', cut: true },
      });
    });

    it('takes a file as a whole, with what is typed beside it on top', async () => {
      const file = join(test.home, 'settings.json');
      const receipt = { header: 'Busy', footer: 'Bye' };
      writeFileSync(file, JSON.stringify({ receipt, custom: { a: { b: 1 } }, upiId: 'x@y' }));
      await json('settings', 'set', `--file=${file}`, 'receipt.footer=Come again', 'custom.a.c=2');
      const { receipt: now, custom, upiId } = await any('settings', 'show');
      expect([now, custom.a, upiId]).to.deep.equal([
        { header: 'Busy', footer: 'Come again' },
        { b: 1, c: 2 },
        'x@y',
      ]);
      writeFileSync(file, JSON.stringify({ ...(await any('settings', 'show')), upiId: '' }));
      await json('settings', 'set', 'receipt.footer=');
      expect(fails(await run('settings', 'set', `--file=${file}`))[0]).to.equal(1);
      await json('settings', 'set', 'custom.a=null');
    });

    it('says what a path or a value should be', async () => {
      const sentences: [string, string][] = [
        [
          'tax.mod=x',
          'The setting mod of tax is not a field here. Did you mean tax.mode? There are: mode, split, registrationNumber, state, classes, defaultClass.',
        ],
        ['tax.mode=x', 'The mode of tax is not one of inclusive, exclusive.'],
        ['tax.mode.x=1', 'The setting x of tax.mode is not a field here. It is set as a whole, as JSON.'],
        ['kitchen.enabled=yes', 'The enabled of kitchen is not a boolean.'],
        ['tax.mode', 'tax.mode is not a setting and its value, like tax.mode=inclusive.'],
        ['=x', '=x is not a setting and its value, like tax.mode=inclusive.'],
        ['custom.__proto__.x=1', ''],
        ['constructor=1', ''],
        ['version=1', ''],
      ];
      for (const [word, sentence] of sentences) {
        const [code, said] = fails(await run('settings', 'set', word));
        expect(code, word).to.equal(2);
        if (sentence) expect(said).to.equal(sentence);
      }
      expect(fails(await run('settings', 'set', 'registrationnumber=x'))[1]).to.include(
        'Did you mean tax.registrationNumber? There are: tax, ',
      );
      const stray = await run('product', 'add', 'Masala Chai', '--price', '25');
      expect([stray.code, stray.stderr.includes('Masala')]).to.deep.equal([2, false]);
      expect(`${stray.stderr}${stray.stdout}`).to.include('A name goes with its option, in quotes: --name');
      expect(fails(await run('settings', 'set'))[0]).to.equal(2);
      expect(fails(await run('settings', 'show', 'foo.bar'))[1]).to.match(
        /^The setting foo is not a field here\. There are: tax, /,
      );
    });

    it('replaces exactly what it shows as before, also when somebody changes it meanwhile', async () => {
      let isFirst = true;
      const read = async ({ em }: ReturnType<typeof systemContext>) =>
        viewSettings(await findShop(em, shop.id));
      const { before } = await changeRead({ app: test.app }, read, async (context, { version }) => {
        if (isFirst) await shop.manager.put(`${shop.path}/settings`, { upiId: 'between' });
        isFirst = false;
        return await updateSettings(context, shop.id, { version, upiId: 'mine' });
      });
      expect(before.upiId).to.equal('between');
    });
  });

  describe('with bills', () => {
    it('lists and shows them as the API does', async () => {
      const listed = await any('order', 'list', '--limit=500');
      const { body } = await shop.owner.get(`${shop.path}/orders?limit=200`);
      expect(listed.data).to.deep.equal(body.data);
      const order = await any('order', 'show', shop.bills.partly);
      expect(await any('order', 'show', order.orderNumber.toLowerCase())).to.deep.equal(order);
      const lines = await shown('order', 'show', order.orderNumber);
      expect(lines[0]).to.equal(`${order.orderNumber} · completed`);
      expect(lines.join('\n'))
        .to.match(/1 {2}Tea {2}2\.5 l {2}33\.35 /)
        .and.match(/refunded [\d.]+ by cash, BUSY\/C\d+\/\d+: cold/);
      for (const id of Object.values(shop.bills)) await shown('order', 'show', id);
      const voided = await any('order', 'list', '--status=voided');
      expect(voided.data.map(({ id }: { id: string }) => id)).to.deep.equal([shop.bills.voided]);
      const owed = await any('order', 'list', '--customer=98111 00011', '--payment-status=pending');
      expect(owed.data.map(({ id }: { id: string }) => id)).to.deep.equal([shop.bills.later]);
      expect((await any('order', 'list', '--flagged')).data[0].id).to.equal(shop.bills.offline);
      expect(await shown('order', 'list', '--from=2015-06-02', '--to=2015-06-02')).to.have.length(2);
      expect(fails(await run('order', 'show', 'BUSY/1'))[1]).to.match(
        /^No order has the number or id BUSY\/1\. The last one is BUSY/,
      );
      expect(fails(await run('order', 'list', '--status=lost'))).to.deep.equal([
        2,
        '--status is not one of open, preparing, ready, completed, voided.',
      ]);
    });

    it('refunds lines by their numbers, once, and says who did it', async () => {
      const before = await any('order', 'show', shop.bills.paid);
      const id = randomUUID();
      const words = ['order', 'refund', before.orderNumber, '--lines=2,1=0.5', '--reason=cold', `--id=${id}`];
      const order = await any(...words);
      const [refund] = order.refunds;
      expect(
        refund.lines.map(({ lineId, quantity }: { lineId: string; quantity: number }) => [lineId, quantity]),
      ).to.have.deep.members([
        [before.items[1].id, 1],
        [before.items[0].id, 0.5],
      ]);
      expect([refund.id, refund.cashierId, refund.reason]).to.deep.equal([id, null, 'cold']);
      // The same words with the same id are the same refund, though all of the second line is back by now.
      const again = await any(
        'order',
        'refund',
        before.orderNumber,
        '--lines=2,1=0.5',
        '--reason=cold',
        `--id=${id}`,
      );
      expect(again.refunds).to.have.length(1);
      const { body } = await shop.owner.get(`${shop.path}/audit?action=refunded&limit=1`);
      const account = test.app.config.operator();
      expect(body.data[0].actor).to.deep.equal({ kind: 'system', id: null, name: 'cli', account });
      const audit = await runHere(test, 'audit', 'list', '--shop=BUSY', '--action=refunded', '--limit=1');
      expect(audit.stdout).to.include(`${account} on the command line`).and.include(': cold');
      // Every till hears of the refund, and not of the machine's accounts.
      const { body: feed } = await shop.cashier.get(
        `${shop.path}/events?after=${await feedStart()}&limit=500`,
      );
      const told = feed.data.filter(({ actor }: { actor: { name: string } }) => actor.name === 'cli');
      expect(told).to.not.have.length(0);
      expect(JSON.stringify(told)).to.not.include('"account"');

      expect(
        fails(await run('order', 'refund', before.orderNumber, '--lines=2', '--reason=cold')),
      ).to.deep.equal([1, 'Of Cake only 0 can still be refunded.']);
      const said = await shown(
        'order',
        'refund',
        before.orderNumber,
        '--reason=all of it',
        '--payments=upi=10,cash',
        '--any-method',
      );
      expect(said[0]).to.match(/^BUSY\/\S+: credit note BUSY\/C\S+, [\d.]+ by cash, 10\.00 by upi\.$/);
    });

    const feedStart = async () => {
      const { body } = await shop.cashier.get(`${shop.path}/events`);
      return `${body.position.split(':')[0]}:0`;
    };

    it('refuses what the route refuses, in its words', async () => {
      const paid = shop.bills.partly;
      const refused: [words: string[], code: number, said: RegExp][] = [
        [['refund', paid, '--reason='], 2, /^--reason is empty\.$/],
        [['refund', paid], 2, /required option '--reason <text>'/],
        [['refund', paid, '--reason=x', '--method=gold'], 2, /^--method is not one of cash, card/],
        [['refund', paid, '--reason=x', '--payments=cash=1.234'], 2, /amount of payment 1 is not an amount/],
        [['refund', paid, '--reason=x', '--method=cash', '--payments=cash'], 2, /can not come with payments/],
        [['refund', paid, '--reason=x', '--lines=one'], 2, /^--lines takes numbers/],
        [['refund', paid, '--reason=x', '--lines=9'], 2, /has lines 1 to 3, and no 9\.$/],
        [['refund', paid, '--reason=x', '--lines=1=99'], 1, /^Of Tea only .* can still be refunded/],
        [['refund', shop.bills.parked, '--reason=x'], 1, /./],
        [['refund', shop.bills.voided, '--reason=x'], 1, /./],
        [['void', shop.bills.partly, '--reason=x'], 1, /./],
        [['void', shop.bills.parked, '--reason=x', '--restock', '--waste'], 2, /exclude each other/],
      ];
      for (const [words, code, said] of refused) {
        const [exitCode, sentence] = fails(await run('order', ...words));
        expect(exitCode, `${words.join(' ')}: ${sentence}`).to.equal(code);
        expect(sentence).to.match(said);
      }
    });

    it('voids one of today, and marks a flagged one as looked at', async () => {
      const voided = await any('order', 'void', shop.bills.parked, '--reason=left');
      expect([voided.status, voided.voidReason]).to.deep.equal(['voided', 'left']);
      const reviewed = await any('order', 'review', shop.bills.offline);
      expect(reviewed.flags).to.not.have.length(0);
      expect((await any('order', 'list', '--flagged')).data).to.deep.equal([]);
    });
  });

  describe('with customers', () => {
    it('lists, shows and changes them, by number or name', async () => {
      const [known] = (await any('customer', 'list')).data;
      expect(known).to.include({ name: 'Asha', phone: '+919811100011' });
      for (const word of ['98111 00011', '+91 98111-00011', 'asha', known.id])
        expect((await any('customer', 'show', word)).id, word).to.equal(known.id);
      await shown('customer', 'show', 'Asha');
      expect(
        await shown(
          'customer',
          'set',
          'Asha',
          '--name=Asha Rao',
          '--email=ASHA@example.com',
          '--address=1, Road',
        ),
      ).to.deep.equal([
        'Asha Rao',
        '  before  now',
        '  email  –  asha@example.com',
        '  address  –  1, Road',
        '  name  Asha  Asha Rao',
      ]);
      const set = await any('customer', 'set', 'Asha Rao', '--email=', '--address=', '--name=Asha');
      expect([set.email, set.address]).to.deep.equal([null, null]);
      expect(fails(await run('customer', 'show', 'Nobody'))).to.deep.equal([
        1,
        'No customer has the id, phone number or name Nobody.',
      ]);
      expect(fails(await run('customer', 'set', 'Asha', '--phone=12'))[0]).to.equal(2);
      expect(await shown('customer', 'list', '--search=zzz')).to.deep.equal(['There is no such customer.']);
    });
  });

  describe('with the stock', () => {
    it('adds, counts, adjusts and lists items, and what moved them', async () => {
      const sugar = await any(
        'inventory',
        'add',
        '--name=Brown sugar',
        '--unit=kg',
        '--quantity=4',
        '--reorder-level=3',
      );
      expect(sugar).to.include({ quantity: 4, reorderLevel: 3, isLow: false });
      expect(
        await shown('inventory', 'count', 'milk=12.5', 'Brown sugar=3', '--note=stock take'),
      ).to.deep.equal([
        'item  before  now',
        `Milk  ${await milkBefore()}  12.5  litre`,
        'Brown sugar  4  3  kg  low',
      ]);
      expect(
        (await any('inventory', 'list', '--low')).data.map(({ name }: { name: string }) => name),
      ).to.include('Brown sugar');
      expect(await any('inventory', 'adjust', 'Brown sugar', '--by', '-0.5', '--reason=waste')).to.include({
        quantity: 2.5,
      });
      expect(await any('inventory', 'set', sugar.id, '--cost=40', '--policy=deny')).to.include({
        cost: '40.00',
        policy: 'deny',
      });
      const { data } = await any('inventory', 'movements', 'Brown sugar');
      expect(
        data.map(({ quantity, reason }: { quantity: number; reason: string }) => [quantity, reason]),
      ).to.deep.equal([
        [-0.5, 'waste'],
        [-1, 'count'],
        [4, 'opening'],
      ]);
      expect((await any('inventory', 'count', 'Milk=12.5'))[0].quantity).to.equal(12.5);
      await shown('inventory', 'movements', 'Milk');
      await shown('inventory', 'list');
    });

    /** What the books had before the count, of the movement that set them right. */
    const milkBefore = async () => {
      const { data } = await any('inventory', 'movements', 'Milk', '--limit=1');
      return 12.5 - data[0].quantity;
    };

    it('counts nothing when one of several is wrong', async () => {
      const before = await any('inventory', 'list');
      for (const words of [
        ['Milk=1', 'Nothing=2'],
        ['Milk=1', 'milk=2'],
        ['Milk=-1'],
        ['Milk=1', 'Brown sugar=1.2345'],
        ['Milk'],
      ])
        expect((await run('inventory', 'count', ...words)).code, words.join(' ')).to.be.oneOf([1, 2]);
      expect(
        fails(await run('inventory', 'adjust', 'Brown sugar', '--by=-99', '--reason=waste')),
      ).to.deep.equal([1, 'There are only 2.5 kg of Brown sugar; this would leave -96.5.']);
      expect(fails(await run('inventory', 'adjust', 'Milk', '--by=1', '--reason=gift'))[0]).to.equal(2);
      expect(await any('inventory', 'list')).to.deep.equal(before);
      expect(fails(await run('inventory', 'set', 'Sugar', '--cost=1'))[1]).to.match(
        /^No inventory item has the id or name Sugar\. There are: Brown sugar, Milk\.$/,
      );
    });
  });

  it('says what was booked when a later item fails after all', async () => {
    const { data } = await any('inventory', 'list');
    const milk = data.find(({ name }: { name: string }) => name === 'Milk');
    const findings: string[] = [];
    const bookings = [milk.id, randomUUID()].map((itemId) => ({ itemId, change: { count: 7000 } }));
    const at = { app: test.app, shop: await findShop(test.app.orm.em.fork(), shop.id) };
    const thrown = await bookAll(at, bookings, (text) => findings.push(text)).catch((error) => error);
    expect(thrown.code).to.equal('not_found');
    expect(findings).to.deep.equal(['Booked already: Milk 7 litre. The rest was not.']);
  });

  describe('with --quiet', () => {
    const quiet = async (...words: string[]) => {
      const { code, stdout, stderr } = await runHere(test, ...words, '-q');
      expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
      return stdout;
    };

    it('says nothing of what was done', async () => {
      for (const words of [
        ['settings', 'set', 'receipt.footer=Come again'],
        ['inventory', 'count', 'Milk=8'],
        ['inventory', 'adjust', 'Milk', '--by=1', '--reason=purchase'],
      ])
        expect(await quiet(...words, '--shop=busy'), words.join(' ')).to.equal('');
    });

    it('prints what was asked for, with its heading', async () => {
      expect(await quiet('shop', 'show', '--shop=busy')).to.match(/^Shop BUSY\n {2}code/);
      expect(await quiet('config', 'check', `--home=${test.home}`)).to.equal('The settings are right.\n');
      expect(await quiet('config', 'show', `--home=${test.home}`)).to.match(/^Home: /);
    });

    it('starts without a QR code', () => {
      const drawn = (isQuiet: boolean) => {
        const written: string[] = [];
        const { write } = process.stdout;
        process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
        try {
          showQr({ isInteractive: true, isQuiet, say() {} }, 'http://192.0.2.1:8080');
        } finally {
          process.stdout.write = write;
        }
        return written.join('').includes('█');
      };
      expect([drawn(false), drawn(true)]).to.deep.equal([true, false]);
    });
  });

  it('refuses what names no secret, and a name beside an option', async () => {
    const rotate = async (...words: string[]) => fails(await runHere(test, 'secrets', 'rotate', ...words));
    expect(await rotate('token')).to.deep.equal([
      2,
      'token is no name. Did you mean tokens? Names: tokens, master-key, database-password, image-store.',
    ]);
    expect(await rotate('tokens', '--replace-master-key')).to.deep.equal([
      2,
      'Give either a name or an option, not both.',
    ]);
  });

  describe('with the shop', () => {
    it('shows and changes it; a shop is asked for where there are several', async () => {
      expect(await any('shop', 'show')).to.include({ code: 'BUSY', currency: 'INR' });
      // The same clock as before, at whatever time of day this runs: the shop has sold today.
      const sameClock = ['--timezone=Asia/Colombo', '--day-start=00:00'];
      expect(await any('shop', 'set', '--name=Busy Corner', ...sameClock)).to.include({
        name: 'Busy Corner',
        timezone: 'Asia/Colombo',
        dayStart: '00:00',
      });
      const [code, why] = fails(await run('shop', 'set', '--timezone=Pacific/Midway', '--day-start=23:59'));
      expect(code).to.equal(1);
      expect(why).to.match(
        /^With the time zone Pacific\/Midway and the day start 23:59 it would be .* again, /,
      );
      expect(fails(await run('shop', 'set', '--code=BIZ'))[0]).to.equal(1);
      expect(fails(await run('shop', 'set', '--timezone=Mars/Base'))[0]).to.equal(2);
      expect(fails(await runHere(test, 'shop', 'show'))).to.deep.equal([
        2,
        'There are several shops (BUSY, ELSE): say which with --shop.',
      ]);
    });
  });

  describe('with people', () => {
    it('changes name, e-mail and PIN of somebody, whose e-mail may be typed in capitals', async () => {
      const email = `--email=${shop.emails.cashier.toUpperCase()}`;
      const here = (...words: string[]) => runHere(test, 'user', ...words);
      const file = join(test.home, 'pin.txt');
      writeFileSync(file, '4071\n');
      const pin = await here('set-pin', email, `--pin-file=${file}`, '--json');
      const { hasPin, endedSessions } = userAnswers['user set-pin'].parse(pin.json());
      expect([pin.code, hasPin, endedSessions]).to.deep.equal([0, true, 0]);
      const set = await here('set', email, '--name=Ravi', '--remove-pin');
      expect([set.code, set.stdout.replace(/ {2,}/g, '  ')]).to.deep.equal([
        0,
        'cashier of BUSY\n  before  now\n  name  cashier of BUSY  Ravi\n  hasPin  true  false\n',
      ]);
      writeFileSync(file, '12');
      expect(fails(await here('set-pin', email, `--pin-file=${file}`))).to.deep.equal([
        2,
        'The pin is not a PIN of 4 to 8 digits.',
      ]);
      const mistaken = fails(await here('set-pin', email, '--pin-file=4071'));
      expect(mistaken).to.deep.equal([2, 'The PIN file is not there.']);
      expect(fails(await here('set-pin', email))[0]).to.equal(2);
      expect(fails(await here('set', email))[0]).to.equal(2);
      const taken = fails(await here('set', email, `--new-email=${shop.emails.manager}`));
      expect(taken[0]).to.equal(1);
      const moved = await here('set', email, '--new-email=Ravi@Example.com', '--json');
      expect(userAnswers['user set'].parse(moved.json()).email).to.equal('ravi@example.com');
    });
  });

  describe('at the end', () => {
    it('leaves books that hold, and records that nobody changed', async () => {
      await sealAll(test);
      const { code, stdout } = await runHere(test, 'verify', '--shop=busy');
      expect(code, stdout).to.equal(0);
      expect((await runHere(test, 'audit', 'verify', '--shop=busy')).code).to.equal(0);
    });

    it('prints as JSON what its schema says, for every command', async () => {
      // Of the two of pictures, test/cli/by-hand-processes.test.ts; the two that were there before have tests of their own.
      const elsewhere = ['product set-image', 'product remove-image', 'shop create', 'shop list'];
      await json('product', 'remove', 'Row 0');
      expect([...tried, ...elsewhere].toSorted()).to.deep.equal(Object.keys(answers).toSorted());
    });
  });
});
