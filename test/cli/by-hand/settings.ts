import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { systemContext } from '../../../src/app.ts';
import { changeRead } from '../../../src/cli/at-shop.ts';
import { findShop } from '../../../src/core/shops/find-shops.ts';
import { viewSettings } from '../../../src/core/shops/settings.ts';
import { updateSettings } from '../../../src/core/shops/update-shop.ts';
import type { TestApp } from '../../support/app.ts';
import type { BusyShop } from '../../support/busy-shop.ts';
import type { Owner } from './owner.ts';

/** Settings, by command. */
export function settingsByCommand(owner: Owner): void {
  const { run, fails, json, shown, any } = owner;
  let test: TestApp;
  let shop: BusyShop;
  before(() => {
    ({ test, shop } = owner.world());
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
}
