import { expect } from 'chai';
import type { Order } from '../../src/contract/orders.ts';
import { groupings } from '../../src/contract/reports.ts';
import type { Run } from './till-checks.ts';
import { openAndLate } from './till-closed.ts';
import { takenOffline } from './till-drawers.ts';
import { coveredMinor, milli, minor, signedMinor, sum, sumsIn, sumsOn } from './till-model.ts';
import { brokenRules } from './till-rules.ts';
import type { TillShop } from './till-shop.ts';

/** Reports, orders and lines agree, and so do what was handed over, what was paid and what was given back. */
export async function checkMoney({ shop, orders, history }: Run): Promise<void> {
  for (const order of orders) checkOrderMoney(shop, order);
  expect(history.violations, 'drawers').to.deep.equal([]);
  expect(brokenRules(history.changes, shop), 'rules').to.deep.equal([]);
  await checkReports(shop, orders, history.roundedOn());
}

function checkOrderMoney(shop: TillShop, order: Order): void {
  const { orderNumber, payments, refunds, status } = order;
  const of = (figure: 'subtotal' | 'discount' | 'serviceCharge' | 'tax' | 'total') =>
    sum(order.items.map((line) => minor(line[figure])));
  for (const figure of ['subtotal', 'discount', 'serviceCharge', 'tax'] as const) {
    expect(minor(order[figure]), `${figure} of ${orderNumber}`).to.equal(of(figure));
  }
  expect(minor(order.total), orderNumber).to.equal(of('total') + minor(order.rounding));
  const money = sum(payments.map(signedMinor));
  const kept = payments.map(
    ({ kind, tendered, tip, change }) =>
      (kind === 'return' ? -1 : 1) * (minor(tendered) - minor(tip) - minor(change)),
  );
  expect(sum(kept), `what was kept of ${orderNumber}`).to.equal(money);
  expect(minor(order.change), orderNumber).to.equal(sum(payments.map(({ change }) => minor(change))));
  const covered = coveredMinor(order);
  expect(order.paymentStatus, orderNumber).to.equal(
    covered === minor(order.total) ? 'completed' : covered > 0 ? 'partial' : 'pending',
  );
  expect(minor(order.toGiveBack), `what to give back of ${orderNumber}`).to.equal(
    status === 'voided' ? 0 : Math.max(0, covered - minor(order.total)),
  );
  if (status === 'completed') expect(order.toGiveBack, orderNumber).to.equal('0.00');
  expect(minor(order.refunded), `refunded of ${orderNumber}`).to.equal(
    sum(refunds.map(({ total }) => minor(total))),
  );
  const isLastInCash = refunds.at(-1)?.method === 'cash';
  const paidOut = sum(refunds.map((refund) => minor(refund.paidOut)));
  expect(paidOut, orderNumber).to.be.below(money + (isLastInCash ? shop.stepMinor : 1));
  checkCoins(shop, order);
}

/** Cash changes hands in coins alone, but for what a till took offline as it had printed it. */
function checkCoins({ stepMinor }: TillShop, order: Order): void {
  const asPrinted = new Set(takenOffline(order).map(({ id }) => id));
  const paid = order.payments.filter(({ id, method }) => method === 'cash' && !asPrinted.has(id));
  const figures = paid.flatMap(({ amount, tip, tendered, change }) => [amount, tip, tendered, change]);
  const back = order.refunds.flatMap(({ payments }) =>
    payments.flatMap(({ method, amount, tip }) => (method === 'cash' ? [amount, tip] : [])),
  );
  const off = [...figures, ...back].filter((amount) => minor(amount) % stepMinor !== 0);
  expect(off, `cash of ${order.orderNumber} in steps of ${stepMinor}`).to.deep.equal([]);
}

async function checkReports(shop: TillShop, orders: Order[], roundedMinor: number): Promise<void> {
  const due = sumsOn(orders, roundedMinor);
  const { openDays, late } = openAndLate(orders);
  const check = async (groupBy: (typeof groupings)[number]) => {
    const { body } = await shop.manager.get(
      `${shop.path}/reports/sales?from=2026-01-01&to=2027-12-31&groupBy=${groupBy}`,
    );
    expect(sumsIn(body.totals), groupBy).to.deep.equal(due);
    const inGroups = sum(body.groups.map(({ total }: { total: string }) => minor(total)));
    expect(inGroups, groupBy).to.equal(due.total);
    const itemsInGroups = sum(body.groups.map(({ itemsSold }: { itemsSold: number }) => milli(itemsSold)));
    expect(itemsInGroups, groupBy).to.equal(due.items);
    expect(body.openDays, 'days with open orders').to.deep.equal(openDays);
    expect({ ...body.late, total: minor(body.late.total) }, 'what came in late').to.deep.equal(late);
  };
  await Promise.all(groupings.map(check));
}
