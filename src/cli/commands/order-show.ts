import { findOrderByNumber } from '../../core/orders/find-order-by-number.ts';
import { showOrder } from '../../core/orders/show-order.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ORDER_ARGUMENT, SHOP_OPTION } from '../command.ts';
import { orderText } from '../output/order-text.ts';

export const orderShow: Command = {
  name: 'order show',
  summary: 'Show a bill with its lines, payments and refunds',
  arguments: [ORDER_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho order show PIZA/2015/000001 --shop PIZA',
  async run(shell, { shop: code }, [which = '']) {
    await atShop(shell, code, async ({ shop, context }) => {
      const id = await findOrderByNumber(context.em, shop.id, which);
      const order = await showOrder(context, shop.id, id);
      shell.show(orderText(order, shop));
      shell.give(order);
    });
    return undefined;
  },
};
