import { voidOrder as contract } from '../../contract/orders.ts';
import { parse } from '../../contract/parse.ts';
import { findOrderByNumber } from '../../core/orders/find-order-by-number.ts';
import { showOrder } from '../../core/orders/show-order.ts';
import { voidOrder } from '../../core/orders/void-order.ts';
import { askFirst } from '../ask-first.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ORDER_ARGUMENT, SHOP_OPTION, YES_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { formatMoney } from '../output/format.ts';
import { orderText } from '../output/order-text.ts';

export const orderVoid: Command = {
  name: 'order void',
  summary: 'Void a bill on its own day: it keeps its number, its payments go back, and it leaves the reports',
  arguments: [ORDER_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--reason <text>', description: 'why, for the audit', required: true },
    {
      flags: '--restock',
      description: 'the goods go back on the shelf (default: unless the kitchen made them)',
    },
    { flags: '--waste', description: 'the goods are gone' },
    YES_OPTION,
  ],
  example: 'smoocho order void PIZA/2015/000001 --shop PIZA --reason "rung up twice"',
  async run(shell, { shop: code, reason, restock, waste, yes }, [which = '']) {
    if (restock && waste) throw new UsageError('--restock and --waste exclude each other.');
    const body = parse(contract.body, { reason, restock: restock ? true : waste ? false : undefined });
    await atShop(shell, code, async ({ shop, context }) => {
      const id = await findOrderByNumber(context.em, shop.id, which);
      const before = await showOrder(context, shop.id, id);
      if (shell.isInteractive && !yes) shell.show(`${orderText(before, shop)}\n`);
      await askFirst(shell, yes, `Void ${before.orderNumber}?`);
      const order = await voidOrder(context, shop.id, id, { version: before.version, ...body });
      const back = order.payments
        .filter(({ kind, returnedAt }) => kind === 'payment' && returnedAt !== null)
        .map(({ amount, method }) => `${formatMoney(amount, shop.currency)} by ${method}`);
      const goes = back.length > 0 ? ` Give back: ${back.join(', ')}.` : '';
      shell.say(`${order.orderNumber} is void.${goes}`);
      shell.give(order);
    });
    return undefined;
  },
};
