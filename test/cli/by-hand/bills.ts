import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { TestApp } from '../../support/app.ts';
import type { BusyShop } from '../../support/busy-shop.ts';
import { runHere } from '../../support/in-process.ts';
import type { Owner } from './owner.ts';

/** Orders: looked at, refunded, voided. */
export function billsByCommand(owner: Owner): void {
  const { run, fails, shown, any } = owner;
  let test: TestApp;
  let shop: BusyShop;
  before(() => {
    ({ test, shop } = owner.world());
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
}
