import { parseMilli, parseMinor } from '../../src/contract/money.ts';
import type { Order } from '../../src/contract/orders.ts';
import { MENU } from './till-script.ts';
import type { TillShop } from './till-shop.ts';

/** What the books should say by what the tills were told, worked out without the server's own code. */

export const minor = (amount: string) => parseMinor(amount) as number;
export const milli = (quantity: number) => Math.round(quantity * 1000);
export const sum = (figures: number[]) => figures.reduce((total, figure) => total + figure, 0);

const isSold = ({ status }: Order) => status !== 'open' && status !== 'voided';

/** What a bill has taken from each item, in thousandths: its lines, less what was put back, nothing once voided. */
export function takenBy(bill: Order, shop: TillShop): number[] {
  return shop.items.map((_, item) => {
    if (bill.status === 'voided') return 0;
    return sum(bill.items.map((line) => takenByLine(bill, line, partOf(line.productId, item, shop))));
  });
}

function partOf(productId: string, item: number, shop: TillShop): number {
  const product = MENU[shop.products.findIndex(({ id }) => id === productId)];
  const each = (product?.recipe as Record<number, string> | undefined)?.[item];
  return each === undefined ? 0 : (parseMilli(each) as number);
}

function takenByLine({ refunds }: Order, line: Order['items'][number], part: number): number {
  // Half up, to a thousandth.
  const share = (quantity: number) => Math.floor((part * quantity + 500) / 1000);
  let returned = 0;
  let taken = share(milli(line.quantity));
  for (const refund of refunds) {
    const back = milli(refund.lines.find(({ lineId }) => lineId === line.id)?.quantity ?? 0);
    if (refund.restock) taken -= share(returned + back) - share(returned);
    returned += back;
  }
  return taken;
}

export type Sums = {
  orders: number;
  items: number;
  gross: number;
  discount: number;
  tax: number;
  refunds: number;
  total: number;
};

/** The report's totals by the bills that count. */
export function sumsOf(bills: Order[]): Sums {
  const sold = bills.filter(isSold);
  const of = (figure: (bill: Order) => string) => sum(sold.map((bill) => minor(figure(bill))));
  const refunds = of((bill) => bill.refunded);
  const items = sold.flatMap((bill) => [
    ...bill.items.map(({ quantity }) => milli(quantity)),
    ...bill.refunds.flatMap(({ lines }) => lines.map(({ quantity }) => -milli(quantity))),
  ]);
  return {
    orders: sold.length,
    items: sum(items),
    gross: of((bill) => bill.subtotal),
    discount: of((bill) => bill.discount),
    tax: of((bill) => bill.tax),
    refunds,
    total: of((bill) => bill.total) - refunds,
  };
}
