import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { bookAll } from '../../../src/cli/stock.ts';
import { findShop } from '../../../src/core/shops/find-shops.ts';
import type { TestApp } from '../../support/app.ts';
import type { BusyShop } from '../../support/busy-shop.ts';
import type { Owner } from './owner.ts';

/** Customers and the stock, by command. */
export function stockByCommand(owner: Owner): void {
  const { run, fails, shown, any } = owner;
  let test: TestApp;
  let shop: BusyShop;
  before(() => {
    ({ test, shop } = owner.world());
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
}
