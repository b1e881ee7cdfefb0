import { expect } from 'chai';
import fc from 'fast-check';
import {
  type BillInput,
  cashAmountOf,
  type OfferedPayment,
  priceBill,
  priceRefund,
  type RefundableLine,
  type Rounding,
  refundInSteps,
  roundingOf,
  type SettledPayment,
  settlePayments,
} from '../../src/pricing/index.ts';
import { sumOf, tightBill } from './support.ts';

/**
 * A drawer as it is: so many of the smallest coin that there is. It throws when somebody would have to break one, which is
 * what a sum that isn't a multiple of the step comes to at a counter.
 */
function drawerOf(stepMinor: number, floatCoins: number) {
  let coins = floatCoins;
  const coinsOf = (minor: number) => {
    if (minor % stepMinor !== 0) throw new Error(`There are no coins for ${minor} in steps of ${stepMinor}.`);
    return minor / stepMinor;
  };
  return {
    take: (minor: number) => {
      coins += coinsOf(minor);
    },
    give: (minor: number) => {
      coins -= coinsOf(minor);
    },
    countMinor: () => coins * stepMinor,
  };
}

/** How a customer pays, and how goods come back: `part` is thousandths of what is left. */
type Visit = {
  how: 'cash' | 'shown' | 'note' | 'card' | 'card, cash' | 'cash, card' | 'cash, later cash';
  part: number;
  tip: number;
  back: { take: number; method: 'cash' | 'card' }[];
};

const anyVisit: fc.Arbitrary<Visit> = fc.record({
  how: fc.constantFrom('cash', 'shown', 'note', 'card', 'card, cash', 'cash, card', 'cash, later cash'),
  part: fc.nat(900),
  tip: fc.oneof(fc.constant(0), fc.nat(300)),
  back: fc.array(
    fc.record({
      take: fc.oneof(fc.constant(1000), fc.nat(1000)),
      method: fc.constantFrom('cash' as const, 'cash' as const, 'card' as const),
    }),
    { maxLength: 3 },
  ),
});
type Day = {
  rounding: Rounding;
  floatCoins: number;
  visits: { bill: BillInput; price: number; visit: Visit }[];
};
const anyDay: fc.Arbitrary<Day> = fc.record({
  rounding: fc.record({
    stepMinor: fc.constantFrom(5, 10, 25, 50, 100, 500, 1000),
    when: fc.constantFrom('always', 'cash'),
    mode: fc.constantFrom('nearest', 'nearest', 'up', 'down'),
  }),
  floatCoins: fc.nat(1000),
  visits: fc.array(fc.record({ bill: tightBill, price: fc.nat(5000), visit: anyVisit }), { maxLength: 12 }),
});

/** The requests of one visit, one after the other, as a till makes them from what the order shows as due. */
function paymentsOf({ how, part, tip }: Visit, dueMinor: number, rounding: Rounding): OfferedPayment[][] {
  const coins = (minor: number) => cashAmountOf(minor, rounding);
  const tipMinor = coins(tip);
  const partMinor = Math.floor((dueMinor * part) / 1000);
  const partInCash = cashAmountOf(partMinor, { ...rounding, mode: 'down' });
  const note = coins(dueMinor) + 20 * rounding.stepMinor;
  const cash = (amountMinor: number): OfferedPayment => ({ method: 'cash', amountMinor });
  const card = (amountMinor: number): OfferedPayment => ({ method: 'card', amountMinor });
  switch (how) {
    case 'cash':
      return [[{ ...cash(coins(dueMinor)), tipMinor }]];
    case 'shown':
      return [[{ ...cash(dueMinor), tenderedMinor: note }]];
    case 'note':
      return [[cash(note)]];
    case 'card':
      return [[{ ...card(dueMinor), tipMinor: tip }]];
    case 'card, cash':
      return [[card(partMinor), cash(note)]];
    case 'cash, card':
      return [[{ ...cash(partInCash), tenderedMinor: note }, card(dueMinor - partInCash)]];
    case 'cash, later cash':
      return [[{ ...cash(partInCash), tenderedMinor: partInCash }], [cash(dueMinor - partInCash)]];
  }
}

type Drawer = ReturnType<typeof drawerOf>;

/** Lets a customer pay; gives the total in the end and what the books say came in as cash. */
function pay(drawer: Drawer, exactMinor: number, rounding: Rounding, visit: Visit) {
  const booked: SettledPayment[] = [];
  let { totalMinor } = settlePayments({ exactMinor, rounding, payments: [], earlier: NOTHING });
  for (const payments of paymentsOf(visit, totalMinor, rounding)) {
    const earlier = {
      paidMinor: sumOf(booked.map((payment) => payment.amountMinor)),
      isCashOnly: booked.every(({ method, amountMinor }) => method === 'cash' || amountMinor === 0),
    };
    if (earlier.paidMinor === totalMinor && earlier.paidMinor > 0) break;
    const settled = settlePayments({ exactMinor, rounding, payments, earlier });
    booked.push(...settled.payments);
    totalMinor = settled.totalMinor;
  }
  const cash = booked.filter(({ method }) => method === 'cash');
  for (const payment of cash) {
    drawer.take(payment.tenderedMinor);
    drawer.give(payment.changeMinor);
  }
  const paidMinor = sumOf(booked.map((payment) => payment.amountMinor));
  expect(paidMinor, `paid of ${visit.how}`).to.equal(totalMinor);
  return { totalMinor, cashMinor: sumOf(cash.map(({ amountMinor, tipMinor }) => amountMinor + tipMinor)) };
}

const NOTHING = { paidMinor: 0, isCashOnly: true };

/** Lets goods come back in parts; gives what the books say went out as cash. */
function bringBack(
  drawer: Drawer,
  sold: RefundableLine[],
  totalMinor: number,
  rounding: Rounding,
  visit: Visit,
) {
  let [lines, refundedMinor, cashMinor] = [sold, 0, 0];
  for (const { take, method } of visit.back) {
    const asked = lines.map((line) => {
      const leftMilli = line.quantityMilli - line.returnedMilli;
      return { ...line, takeMilli: Math.floor((leftMilli * take) / 1000) };
    });
    const isLast = asked.every((line) => line.returnedMilli + line.takeMilli === line.quantityMilli);
    const priced = priceRefund({ lines: asked, totalMinor, taxSplit: 'none', refundedMinor });
    const leftMinor = Math.max(totalMinor - refundedMinor, 0);
    const refund = method === 'cash' ? refundInSteps(priced, rounding, { leftMinor, isLast }) : priced;
    if (method === 'cash') {
      drawer.give(refund.totalMinor);
      cashMinor += refund.totalMinor;
    }
    refundedMinor += refund.totalMinor;
    lines = asked.map((line) => ({ ...line, returnedMilli: line.returnedMilli + line.takeMilli }));
    if (isLast) break;
  }
  expect(refundedMinor).to.be.below(totalMinor + rounding.stepMinor);
  return cashMinor;
}

describe('a drawer that took and gave coins alone', () => {
  it('is counted to a variance of 0.00 at the end of any day', () => {
    const check = ({ rounding, floatCoins, visits }: Day) => {
      const drawer = drawerOf(rounding.stepMinor, floatCoins);
      let expectedMinor = drawer.countMinor();
      for (const { bill, price, visit } of visits) {
        const lines = [
          ...bill.lines,
          ...bill.lines.slice(0, 1).map((line) => ({ ...line, unitPriceMinor: price })),
        ];
        const input = { ...bill, lines, taxSplit: 'none' as const };
        const priced = priceBill(input);
        if (priced.totalMinor + roundingOf(priced.totalMinor, rounding.stepMinor, rounding.mode) === 0)
          continue;
        const { totalMinor, cashMinor } = pay(drawer, priced.totalMinor, rounding, visit);
        const sold = priced.lines.map((line, index) => ({
          ...line,
          quantityMilli: lines[index]?.quantityMilli ?? 1,
          returnedMilli: 0,
          takeMilli: 0,
        }));
        expectedMinor += cashMinor - bringBack(drawer, sold, totalMinor, rounding, visit);
      }
      expect(drawer.countMinor() - expectedMinor, 'variance').to.equal(0);
    };
    fc.assert(fc.property(anyDay, check), { numRuns: 1000 });
  });
});
