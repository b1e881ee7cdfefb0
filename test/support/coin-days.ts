import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { formatMinor, parseMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { Answer } from './client.ts';
import type { TestShop } from './factories.ts';

/** A day at a drawer, as data: what is rounded to, and what customers do one after the other. */
export type CoinDay = {
  rounding: { to: string; when: 'always' | 'cash'; mode: 'nearest' | 'up' | 'down' };
  floatCoins: number;
  visits: Visit[];
};
type Visit = {
  how: 'cash' | 'shown' | 'note' | 'card' | 'split' | 'parked' | 'book';
  price: number;
  quantity: number;
  /** Of a split, in thousandths of the total. */
  byCard: number;
  after: 'nothing' | 'void' | 'back in cash' | 'back by card' | 'in parts';
};

export const anyCoinDay: fc.Arbitrary<CoinDay> = fc.record({
  rounding: fc.record({
    to: fc.constantFrom('0.05', '0.10', '0.25', '0.50', '1', '5', '10'),
    when: fc.constantFrom('always', 'cash'),
    mode: fc.constantFrom('nearest', 'nearest', 'up', 'down'),
  }),
  floatCoins: fc.nat(500),
  visits: fc.array(
    fc.record({
      how: fc.constantFrom('cash', 'shown', 'note', 'card', 'split', 'parked', 'book'),
      price: fc.nat(2),
      quantity: fc.integer({ min: 1, max: 4 }),
      byCard: fc.integer({ min: 1, max: 900 }),
      after: fc.constantFrom('nothing', 'nothing', 'void', 'back in cash', 'back by card', 'in parts'),
    }),
    { minLength: 8, maxLength: 12 },
  ),
});

const minor = (amount: string) => parseMinor(amount) as number;

/** For what a day gives back in cash that was paid by card: a drawer can't hold less than nothing. */
const ENOUGH_MINOR = 500_000;

/**
 * A drawer that holds so many of the smallest coin that there is. It throws when somebody would have to break one: nothing
 * of what the books say is in it, only what people were told to hand over.
 */
export function coinsOf(day: CoinDay) {
  const stepMinor = minor(day.rounding.to);
  const floatCoins = ENOUGH_MINOR / stepMinor + day.floatCoins;
  let coins = floatCoins;
  const move = (amountMinor: number) => {
    if (amountMinor % stepMinor !== 0) throw new Error(`No coins of ${stepMinor} make ${amountMinor}.`);
    coins += amountMinor / stepMinor;
  };
  return {
    floatMinor: floatCoins * stepMinor,
    take: move,
    give: (amountMinor: number) => move(-amountMinor),
    countOf: () => [{ value: formatMinor(stepMinor), count: coins }],
    total: () => formatMinor(coins * stepMinor),
  };
}
export type Coins = ReturnType<typeof coinsOf>;

function must({ status, body, text }: Answer): Order {
  if (status >= 300) throw new Error(`It was refused: ${text}`);
  return body;
}

/** A shop with one drawer, in which a day happens by HTTP. */
export type CoinShop = { shop: TestShop; products: { id: string }[]; coins: Coins };

/** Sells as a till does: what is due is read from the order, and the customer hands over what the cashier asks for. */
export async function visit({ shop, products, coins }: CoinShop, day: CoinDay, each: Visit): Promise<void> {
  const orders = `${shop.path}/orders`;
  const items = [{ id: randomUUID(), productId: products[each.price]?.id, quantity: each.quantity }];
  const later = each.how === 'book' ? { payLater: true, customerName: 'Asha' } : {};
  const open = must(await shop.cashier.post(orders, { id: randomUUID(), items, ...later }));
  const stepMinor = minor(day.rounding.to);
  let order = open;
  const pay = async (payments: object[]) => {
    const before = order.payments.length;
    order = must(await shop.cashier.put(`${orders}/${open.id}`, { payments }));
    for (const { method, tendered, change } of order.payments.slice(before)) {
      if (method !== 'cash') continue;
      coins.take(minor(tendered));
      coins.give(minor(change));
    }
  };
  const { cash, other } = open.due ?? { cash: '0.00', other: '0.00' };
  const note = formatMinor(minor(cash) + 7 * stepMinor);
  if (!open.due || minor(other) === 0) return;
  const cardMinor = Math.floor((minor(other) * each.byCard) / 1000);
  if (each.how === 'cash' || each.how === 'book') await pay([{ method: 'cash', amount: cash }]);
  if (each.how === 'shown') await pay([{ method: 'cash', amount: other, tendered: note }]);
  if (each.how === 'note') await pay([{ method: 'cash', amount: note }]);
  if (each.how === 'card') await pay([{ method: 'card', amount: other, tip: '0.37' }]);
  if (each.how === 'split') {
    await pay([{ method: 'card', amount: formatMinor(cardMinor) }]);
    await pay([{ method: 'cash', amount: order.due?.cash ?? '0.00', tip: day.rounding.to }]);
  }
  if (order.paymentStatus === 'completed') await bringBack({ shop, coins }, order, each);
}

async function bringBack({ shop, coins }: Omit<CoinShop, 'products'>, order: Order, { after }: Visit) {
  const path = `${shop.path}/orders/${order.id}`;
  const refund = async (method: 'cash' | 'card', lines?: object[]) => {
    const body = { id: randomUUID(), reason: 'cold', method, ...(lines ? { lines } : {}) };
    const { refunds } = must(await shop.manager.post(`${path}/refunds`, body));
    if (method === 'cash') coins.give(minor(refunds.at(-1)?.total ?? '0.00'));
  };
  if (after === 'back in cash') await refund('cash');
  if (after === 'back by card') await refund('card');
  if (after === 'in parts') {
    const half = [{ lineId: order.items[0]?.id, quantity: (order.items[0]?.quantity ?? 1) / 2 }];
    await refund('cash', half);
    await refund(order.payments.length > 1 ? 'card' : 'cash', half);
  }
  if (after === 'void') {
    const { payments } = must(await shop.manager.delete(path, { reason: 'mistake' }));
    for (const { method, amount, tip } of payments) {
      if (method === 'cash') coins.give(minor(amount) + minor(tip));
    }
  }
}
