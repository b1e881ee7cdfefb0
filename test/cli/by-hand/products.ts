import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TestApp } from '../../support/app.ts';
import type { BusyShop } from '../../support/busy-shop.ts';
import { givenProduct, type TestShop } from '../../support/factories.ts';
import { runHere } from '../../support/in-process.ts';
import type { Owner } from './owner.ts';

/** Products, by command. */
export function productsByCommand(owner: Owner): void {
  const { run, fails, shown, any, lastEvent } = owner;
  let test: TestApp;
  let shop: BusyShop;
  let other: TestShop;
  before(() => {
    ({ test, shop, other } = owner.world());
  });

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
}
