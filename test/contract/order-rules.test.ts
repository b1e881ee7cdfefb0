import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  type OrderFacts,
  orderActions,
  orderRequests,
  orderRules,
  orderStateOf,
  orderStates,
  refusalSentence,
  stateMeanings,
} from '../../src/contract/order-rules.ts';
import { placeOrder, refundOrder, updateOrder, voidOrder } from '../../src/contract/orders.ts';

const refusals = orderStates.flatMap((state) =>
  orderActions.flatMap((action) => {
    const rule = orderRules[state][action];
    return rule === 'allowed' ? [] : [{ state, action, rule }];
  }),
);

describe('the rules of what may be done to an order', () => {
  it('name for each refusal something that works in that state', () => {
    expect(refusals.length).to.be.above(15);
    for (const { state, action, rule } of refusals) {
      if (rule.instead === 'place') continue;
      expect(orderRules[state][rule.instead], `${state}: ${action} → ${rule.instead}`).to.equal('allowed');
    }
  });

  it('say it in the sentence', () => {
    for (const { state, rule } of refusals) {
      const words = { place: 'Make a new order', refund: 'Refund it', void: 'Void it' } as const;
      expect(refusalSentence('KULF/2627/000001', state, rule)).to.include(
        words[rule.instead as keyof typeof words],
      );
    }
  });

  it('name the addresses of the route table', () => {
    const routes = { place: placeOrder, edit: updateOrder, pay: updateOrder, giveBack: updateOrder } as const;
    for (const [action, { method, path }] of Object.entries(orderRequests)) {
      const route = { ...routes, move: updateOrder, void: voidOrder, refund: refundOrder }[action];
      expect([method.toLowerCase(), path], action).to.deep.equal([route?.method, route?.path]);
    }
  });

  it('are the table in docs/api.md', () => {
    const cellOf = (rule: (typeof orderRules)['open']['edit']) =>
      rule === 'allowed' ? 'yes' : `\`${rule.problem}\` → ${rule.instead}`;
    const rows = orderStates.map(
      (state) =>
        `| \`${state}\`: ${stateMeanings[state]} | ${orderActions.map((action) => cellOf(orderRules[state][action])).join(' | ')} |`,
    );
    const table = [
      `| an order that is | ${orderActions.join(' | ')} |`,
      `|---${'|---'.repeat(orderActions.length)}|`,
      ...rows,
    ].join('\n');
    const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
    expect(page.includes(table), `docs/api.md lacks this table:\n${table}`).to.equal(true);
  });

  it('tell the state of an order by what everybody can see of it', () => {
    const order: OrderFacts = {
      status: 'completed',
      paymentStatus: 'completed',
      payLater: false,
      toGiveBack: '0.00',
      items: [
        { id: 'a', quantity: 2 },
        { id: 'b', quantity: 0.3 },
      ],
      refunds: [],
    };
    const of = (facts: Partial<OrderFacts>, isClosed = false) =>
      orderStateOf({ ...order, ...facts }, { isClosed });
    const back = (...lines: [string, number][]) => ({
      lines: lines.map(([lineId, quantity]) => ({ lineId, quantity })),
    });
    expect(of({ status: 'open', paymentStatus: 'partial' }, true)).to.equal('open');
    expect(of({ status: 'ready', paymentStatus: 'pending' }, true)).to.equal('preparing');
    expect(of({ status: 'ready', paymentStatus: 'pending', payLater: true })).to.equal('owed_preparing');
    expect(of({ paymentStatus: 'partial', payLater: true })).to.equal('owed');
    expect(of({ status: 'preparing' })).to.equal('paid');
    expect([of({}), of({}, true)]).to.deep.equal(['paid', 'closed']);
    expect(of({ payLater: true }, true)).to.equal('owed_closed');
    expect(of({ refunds: [back(['a', 1]), back(['b', 0.1])] }, true)).to.equal('partly_refunded');
    expect(of({ refunds: [back(['a', 2], ['b', 0.1]), back(['b', 0.2])] }, true)).to.equal('refunded');
    expect(of({ status: 'voided', refunds: [back(['a', 1])] })).to.equal('voided');
  });
});
