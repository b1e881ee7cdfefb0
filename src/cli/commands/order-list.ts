import { listOrders as contract, type Order } from '../../contract/orders.ts';
import { findCustomerByName } from '../../core/customers/find-customer-by-name.ts';
import { listOrders } from '../../core/orders/find-orders.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { LIST_OPTIONS, printList, readList } from '../listing.ts';
import { clockIn } from '../output/clock.ts';
import { formatMoney } from '../output/format.ts';
import { paidBy } from '../output/order-text.ts';
import { table } from '../output/table.ts';

export const orderList: Command = {
  name: 'order list',
  summary: 'List bills, newest first',
  options: [
    SHOP_OPTION,
    { flags: '--from <day>', description: 'first business date, such as 2026-04-01' },
    { flags: '--to <day>', description: 'last business date' },
    { flags: '--status <status>', description: 'open, preparing, ready, completed or voided' },
    { flags: '--payment-status <status>', description: 'pending, partial or completed' },
    { flags: '--customer <customer>', description: 'of one, by phone number, exact name or id' },
    { flags: '--table <table>', description: 'of one table' },
    { flags: '--flagged', description: 'what somebody should look at' },
    ...LIST_OPTIONS,
  ],
  example: 'smoocho order list --shop PIZA --from 2015-01-01 --payment-status pending',
  async run(shell, { shop: code, customer, table: tableNumber, flagged, ...options }) {
    const { from, to, status, paymentStatus, limit, cursor } = options;
    await atShop(shell, code, async ({ shop, context }) => {
      const customerId =
        customer === undefined ? undefined : await findCustomerByName(context, shop.id, customer as string);
      const asked = { from, to, status, paymentStatus, customerId, tableNumber, limit, cursor };
      const page = await readList(
        contract.query,
        { ...asked, flagged: flagged ? 'true' : undefined },
        (query) => listOrders(context.em, shop.id, query),
      );
      printList(shell, page, 'There is no such bill.', (rows) => readable(rows, shop));
    });
    return undefined;
  },
};

function readable(orders: Order[], { currency, timezone }: { currency: string; timezone: string }): string {
  const clock = clockIn(timezone);
  return table(orders, [
    { title: 'bill', value: ({ orderNumber }) => orderNumber },
    { title: 'sold', value: ({ createdAt }) => clock(createdAt) },
    { title: 'status', value: ({ status }) => status },
    { title: 'paid', value: (order) => paidBy(order) },
    { title: 'total', value: ({ total }) => formatMoney(total, currency), align: 'right' },
    { title: 'refunded', value: (order) => refundedOf(order, currency), align: 'right' },
    { title: 'for', value: ({ tableNumber, customerName }) => customerName ?? tableNumber ?? '' },
  ]);
}

const refundedOf = ({ refunds, refunded }: Order, currency: string) =>
  refunds.length === 0 ? '' : formatMoney(refunded, currency);
