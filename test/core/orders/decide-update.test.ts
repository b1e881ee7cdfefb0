import { expect } from 'chai';
import { OrderChange } from '../../../src/contract/orders.ts';
import { parse } from '../../../src/contract/parse.ts';
import type { ProblemError } from '../../../src/contract/problem.ts';
import type { Actor } from '../../../src/core/context.ts';
import { decideUpdate, type LoadedOrder } from '../../../src/core/orders/decide-update.ts';
import type { Order } from '../../../src/core/orders/order.entity.ts';
import type { Payment } from '../../../src/core/payments/payment.entity.ts';
import { settingsOf } from '../../../src/core/shops/settings.ts';

const at = new Date('2026-08-03T06:00:00Z');
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const TODAY = '2026-08-03';
const cashier = { kind: 'user', role: 'cashier' } as Actor;
const settings = settingsOf({ currency: 'INR', settings: {}, dayStart: '00:00' });

/** An order of two pieces at 50.00. */
const orderOf = (fields: Partial<Order> = {}) =>
  ({
    id: id(1),
    shopId: id(2),
    orderNumber: 'KULF/2627/000001',
    businessDate: TODAY,
    status: 'open',
    orderType: 'dine_in',
    notes: '',
    items: [
      {
        id: id(3),
        productId: id(4),
        variantId: null,
        name: 'Kulfi',
        variantName: null,
        category: null,
        sku: null,
        hsn: null,
        quantity: 2,
        unitPrice: '50.00',
        listPrice: null,
        modifiers: [],
        note: '',
        subtotal: '100.00',
        discount: '0.00',
        discountGiven: null,
        serviceCharge: '0.00',
        taxClass: null,
        taxPercent: '0',
        tax: '0.00',
        total: '100.00',
      },
    ],
    subtotalMinor: 10_000,
    discountMinor: 0,
    discountGiven: null,
    serviceChargeMinor: 0,
    taxMinor: 0,
    taxLines: [],
    taxMode: 'inclusive',
    taxSplit: 'gst',
    roundingMinor: 0,
    totalMinor: 10_000,
    paymentStatus: 'pending',
    payLater: false,
    waivesServiceCharge: false,
    refundedMinor: 0,
    source: 'till',
    flags: [],
    version: 3,
    createdAt: at,
    updatedAt: at,
    ...fields,
  }) as Order;

const paymentOf = (amountMinor: number, fields: Partial<Payment> = {}) =>
  ({
    id: id(5),
    kind: 'payment',
    paymentId: null,
    method: 'cash',
    amountMinor,
    tenderedMinor: amountMinor,
    tipMinor: 0,
    changeMinor: 0,
    roundingMinor: 0,
    bookedAs: null,
    businessDate: TODAY,
    at,
    ...fields,
  }) as Payment;

const loadedOf = (order: Order, payments: Payment[] = [], more: Partial<LoadedOrder> = {}): LoadedOrder => ({
  parts: { order, payments, refunds: [], settings },
  isClosed: false,
  currency: 'INR',
  settings,
  today: TODAY,
  countedShiftIds: new Set(),
  hasPhone: false,
  sources: null,
  ...more,
});
const sources = { stored: [], voided: [], products: [], moved: [] };
const decide = (loaded: LoadedOrder, change: object) =>
  decideUpdate(loaded, parse(OrderChange, change), cashier);
const problemOf = (work: () => unknown): ProblemError => {
  try {
    work();
  } catch (error) {
    return error as ProblemError;
  }
  throw new Error('Nothing was refused.');
};

describe('what a change makes of an order', () => {
  it('is what of the order differs, and nothing else of it', () => {
    const order = orderOf();
    const update = decide(loadedOf(order), { tableNumber: '4', guests: 3, notes: '' });
    expect(update?.order).to.deep.equal({ tableNumber: '4', guests: 3 });
    expect(update?.edited).to.equal(null);
    expect(order, 'the order itself stays').to.deep.equal(orderOf());
  });

  it('is sold once it is paid, and not while it is paid in part', () => {
    const part = decide(loadedOf(orderOf()), { payments: [{ id: id(6), method: 'upi', amount: '40' }] });
    expect(part?.order).to.deep.equal({ paymentStatus: 'partial', paymentMethod: 'upi' });
    expect(part?.isNowSettled).to.equal(false);
    const rest = decide(loadedOf(orderOf({ paymentStatus: 'partial' }), [paymentOf(4000)]), {
      payments: [{ id: id(6), method: 'cash', amount: '60', tendered: '100' }],
    });
    expect(rest?.order).to.include({ paymentStatus: 'completed', status: 'completed' });
    expect([rest?.isNowSettled, rest?.payments[0]?.changeMinor]).to.deep.equal([true, 4000]);
  });

  it('is nothing when it was done before', () => {
    const paid = loadedOf(orderOf({ status: 'completed', paymentStatus: 'completed' }), [paymentOf(10_000)]);
    const payments = [{ id: id(5), method: 'cash', amount: '100' }];
    expect(decide(paid, { payments, version: 1 })).to.equal(null);
    expect(decide(paid, { payments, status: 'completed' })).to.equal(null);
  });

  it('is nothing when it was done before, with its discount and its terms', () => {
    const fields = {
      status: 'completed',
      paymentStatus: 'completed',
      discountGiven: { type: 'percentage', value: '10', reason: 'regular' },
      placeOfSupply: 'KA',
      waivesServiceCharge: true,
      customerId: id(8),
    } as const;
    const payments = [{ id: id(5), method: 'cash', amount: '100' }];
    const discount = { type: 'percentage', value: '10.0', reason: 'regular' };
    const terms = { discount, placeOfSupply: 'KA', waiveServiceCharge: true, customerPhone: '98765 43210' };
    const repeated =
      (change: object, hasPhone = true) =>
      () =>
        decide(loadedOf(orderOf(fields), [paymentOf(10_000)], { sources, hasPhone }), {
          payments,
          ...change,
        });
    expect(repeated(terms)()).to.equal(null);
    expect(repeated({ ...terms, version: 1 })()).to.equal(null);
    for (const other of [
      { discount: { ...discount, value: '11' } },
      { discount: { ...discount, type: 'flat' } },
      { discount: null },
      { placeOfSupply: null },
      { waiveServiceCharge: false },
      { customerPhone: null },
    ])
      expect(problemOf(repeated({ ...terms, ...other })).code, JSON.stringify(other)).to.equal(
        'order_closed',
      );
    expect(problemOf(repeated(terms, false)).code, 'another number').to.equal('order_closed');
  });

  it('knows a State of India by its code, however it is typed, and takes no other country’s for one', () => {
    const payments = [{ id: id(5), method: 'cash', amount: '100' }];
    const repeated = (country: string, stored: string, typed: string) => {
      const there = settingsOf({ currency: 'INR', settings: { country }, dayStart: '00:00' });
      const order = orderOf({ status: 'completed', paymentStatus: 'completed', placeOfSupply: stored });
      const loaded = loadedOf(order, [paymentOf(10_000)], { sources });
      const { parts } = loaded;
      return () =>
        decide(
          { ...loaded, settings: there, parts: { ...parts, settings: there } },
          { payments, placeOfSupply: typed },
        );
    };
    expect(repeated('IN', '30', 'Goa')()).to.equal(null);
    expect(repeated('IN', 'GA', 'Goa')(), 'stored by an older version').to.equal(null);
    expect(repeated('US', 'GA', 'GA')()).to.equal(null);
    expect(problemOf(repeated('US', 'GA', 'Goa')).code).to.equal('order_closed');
    expect(problemOf(repeated('IN', '30', 'Kerala')).code).to.equal('order_closed');
  });

  it('is nothing when it was done before, with all that it says of its lines', () => {
    const [stored] = orderOf().items;
    const line = {
      ...(stored as Order['items'][number]),
      variantId: id(10),
      modifiers: [{ id: id(11), name: 'Nuts', price: '5.00' }],
      discountGiven: { type: 'flat', value: '5.00', reason: 'regular' } as const,
      unitPrice: '45.00',
      listPrice: '50.00',
      note: 'no ice',
    };
    const items = [line];
    const loaded = loadedOf(orderOf({ status: 'completed', paymentStatus: 'completed', items }), [
      paymentOf(10_000),
    ]);
    const said = {
      id: id(3),
      productId: id(4),
      variantId: id(10),
      modifierIds: [id(11)],
      quantity: 2,
      discount: { type: 'flat', value: '5', reason: 'regular' },
      note: 'no ice',
    };
    const payments = [{ id: id(5), method: 'cash', amount: '100' }];
    const again = (other: object) => () =>
      decide({ ...loaded, sources }, { payments, items: [{ ...said, ...other }] });
    for (const same of [{}, { unitPrice: '45' }, { unitPrice: null }])
      expect(again(same)(), JSON.stringify(same)).to.equal(null);
    for (const other of [
      { quantity: 1 },
      { variantId: null },
      { modifierIds: [] },
      { discount: null },
      { discount: { ...said.discount, value: '6' } },
      { unitPrice: '40' },
      { note: 'ice' },
    ])
      expect(problemOf(again(other)).code, JSON.stringify(other)).to.equal('order_closed');
  });

  it('is nothing when it was done before, though its payment was corrected since', () => {
    const bookedAs = { method: 'cash', amountMinor: 10_000, tenderedMinor: 20_000, cashStepMinor: null };
    const corrected = paymentOf(10_000, { method: 'card', bookedAs });
    const paid = loadedOf(orderOf({ status: 'completed', paymentStatus: 'completed' }), [corrected]);
    for (const [method, amount] of [
      ['cash', '100'],
      ['cash', '200'],
      ['card', '100'],
    ])
      expect(decide(paid, { payments: [{ id: id(5), method, amount }] }), `${method} ${amount}`).to.equal(
        null,
      );
    for (const [method, amount] of [
      ['cash', '90'],
      ['upi', '100'],
    ]) {
      const other = () => decide(paid, { payments: [{ id: id(5), method, amount }] });
      expect(problemOf(other).code, `${method} ${amount}`).to.equal('order_conflict');
    }
  });

  it('prices it anew, moves stock by the difference, and needs a manager where the kitchen has it', () => {
    const voidItems = [{ id: id(3), quantity: '1', reason: 'changed' }];
    const open = decide(loadedOf(orderOf(), [paymentOf(8000)], { sources }), { voidItems });
    expect(open?.order).to.include({ totalMinor: 5000, paymentStatus: 'partial' });
    expect(open?.order).to.not.have.property('status');
    expect([open?.isNowSettled, open?.needs]).to.deep.equal([false, []]);
    expect(open?.edited?.voids[0]).to.include({ restock: true, amountMinor: 5000 });
    const made = decide(loadedOf(orderOf({ status: 'preparing' }), [], { sources }), { voidItems });
    expect(made?.needs.map(({ least, pointer }) => [least, pointer])).to.deep.equal([
      ['manager', '/voidItems'],
    ]);
    expect(made?.edited?.voids[0]?.restock).to.equal(false);
  });

  it('is priced by the payment that takes the place of another: the rounding goes with the coins', () => {
    const rounding = { to: '0.05', when: 'cash', mode: 'nearest' } as const;
    const inCoins = settingsOf({ currency: 'INR', settings: { rounding }, dayStart: '00:00' });
    const paid = {
      status: 'completed',
      paymentStatus: 'completed',
      roundingMinor: 2,
      totalMinor: 2500,
    } as const;
    const loaded = loadedOf(orderOf(paid), [paymentOf(2500, { cashStepMinor: 5 })], { settings: inCoins });
    const update = decide(loaded, {
      returnPayments: [{ id: id(6), paymentId: id(5), amount: '25.00' }],
      payments: [{ id: id(7), method: 'card', amount: '24.98' }],
    });
    expect(update?.order).to.deep.equal({ totalMinor: 2498, roundingMinor: 0, paymentMethod: 'card' });
    expect(update?.returns[0]).to.include({ amountMinor: 2500, roundingMinor: 0 });
    expect(update?.needs.map(({ least }) => least)).to.deep.equal(['manager']);
  });

  it('gives back by a correction, or whole, what no coin gives back, as the refusal says', () => {
    const rounding = { to: '10.00', when: 'cash', mode: 'nearest' } as const;
    const inCoins = { settings: settingsOf({ currency: 'INR', settings: { rounding }, dayStart: '00:00' }) };
    const deposit = paymentOf(300);
    const open = orderOf({ paymentStatus: 'partial' });
    const returning = (amount: string, more: object = {}) => ({
      returnPayments: [{ id: id(6), paymentId: id(5), amount }],
      ...more,
    });
    const refused = () => decide(loadedOf(open, [deposit], inCoins), returning('3.00'));
    expect(problemOf(refused).detail).to.include('(changePayments)');
    const changePayments = [{ id: id(5), method: 'card', reason: 'no coins' }];
    const [card] = decide(loadedOf(open, [deposit], inCoins), { changePayments })?.corrections ?? [];
    expect(card).to.include({ method: 'card', amountMinor: 300 });
    const after = loadedOf(open, [paymentOf(300, { method: 'card' })], inCoins);
    expect(decide(after, returning('3.00'))?.returns[0]).to.include({ method: 'card', amountMinor: 300 });

    const over = loadedOf(
      orderOf({ totalMinor: 3700, paymentStatus: 'partial' }),
      [paymentOf(4000)],
      inCoins,
    );
    expect(problemOf(() => decide(over, returning('3.00'))).detail).to.include('40.00 in cash');
    const payments = [{ id: id(7), method: 'card', amount: '37.00' }];
    const anew = decide(over, returning('40.00', { payments }));
    expect(anew?.order).to.include({ paymentStatus: 'completed', paymentMethod: 'card' });
    expect(anew?.returns[0]).to.include({ amountMinor: 4000, roundingMinor: 0 });
  });

  it('corrects no payment to cash that comes to nothing: it is given back, and cash sent anew', () => {
    const rounding = { to: '10.00', when: 'cash', mode: 'nearest' } as const;
    const inCoins = settingsOf({ currency: 'INR', settings: { rounding }, dayStart: '00:00' });
    const paid = { status: 'completed', paymentStatus: 'completed', totalMinor: 400 } as const;
    const loaded = loadedOf(orderOf(paid), [paymentOf(400, { method: 'card' })], { settings: inCoins });
    const changePayments = [{ id: id(5), method: 'cash', reason: 'typed wrong' }];
    const refused = problemOf(() => decide(loaded, { changePayments }));
    expect([refused.code, refused.errors?.[0]?.pointer, refused.detail]).to.deep.equal([
      'invalid_payment',
      '/changePayments/0/method',
      'In cash this payment of 4.00 comes to 0.00, which is no payment. Give it back (returnPayments), and send 4.00 in cash in payments, in the same request.',
    ]);
    const instead = decide(loaded, {
      returnPayments: [{ id: id(6), paymentId: id(5), amount: '4.00' }],
      payments: [{ id: id(7), method: 'cash', amount: '4.00' }],
    });
    expect(instead?.order).to.deep.equal({ totalMinor: 0, roundingMinor: -400, paymentMethod: null });
    expect([instead?.returns.length, instead?.payments]).to.deep.equal([1, []]);
  });

  it('is refused by the table of rules, and by an older version', () => {
    const paid = orderOf({ status: 'completed', paymentStatus: 'completed' });
    const refused = problemOf(() => decide(loadedOf(paid, [paymentOf(10_000)]), { notes: 'late' }));
    expect([refused.code, refused.extra]).to.deep.equal([
      'order_closed',
      {
        instead: {
          action: 'refund',
          method: 'POST',
          path: `/api/shops/${id(2)}/orders/${id(1)}/refunds`,
        },
      },
    ]);
    expect(problemOf(() => decide(loadedOf(orderOf()), { notes: 'x', version: 2 })).code).to.equal(
      'version_conflict',
    );
  });

  it('leaves a payment of a counted drawer what it is', () => {
    const loaded = loadedOf(orderOf({ paymentStatus: 'partial' }), [paymentOf(4000, { shiftId: id(9) })], {
      countedShiftIds: new Set([id(9)]),
    });
    const changePayments = [{ id: id(5), method: 'card', reason: 'typed wrong' }];
    const refused = problemOf(() => decide(loaded, { changePayments }));
    expect([refused.code, refused.extra.instead]).to.deep.include.members(['day_closed']);
    expect(decide({ ...loaded, countedShiftIds: new Set() }, { changePayments })?.corrections[0]).to.include({
      method: 'card',
      from: 'cash',
      amountMinor: 4000,
    });
  });
});
