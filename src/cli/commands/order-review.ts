import { findOrderByNumber } from '../../core/orders/find-order-by-number.ts';
import { reviewOrder } from '../../core/orders/review-order.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ORDER_ARGUMENT, SHOP_OPTION } from '../command.ts';

export const orderReview: Command = {
  name: 'order review',
  summary: 'Say that a flagged bill was looked at; which: order list --flagged',
  arguments: [ORDER_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho order review PIZA/2015/000001 --shop PIZA',
  async run(shell, { shop: code }, [which = '']) {
    await atShop(shell, code, async ({ shop, context }) => {
      const id = await findOrderByNumber(context.em, shop.id, which);
      const order = await reviewOrder(context, shop.id, id);
      shell.say(
        order.flags.length === 0
          ? `${order.orderNumber} is not flagged.`
          : `${order.orderNumber} was looked at.`,
      );
      shell.give(order);
    });
    return undefined;
  },
};
