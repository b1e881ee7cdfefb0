import { findCustomerByName } from '../../core/customers/find-customer-by-name.ts';
import { findCustomer } from '../../core/customers/find-customers.ts';
import { atShop } from '../at-shop.ts';
import { type Command, CUSTOMER_ARGUMENT, SHOP_OPTION } from '../command.ts';
import { clockIn } from '../output/clock.ts';
import { formatMoney } from '../output/format.ts';
import { inLine } from '../output/in-line.ts';
import { labelled } from '../output/labelled.ts';

export const customerShow: Command = {
  name: 'customer show',
  summary: 'Show a customer; their bills: order list --customer',
  arguments: [CUSTOMER_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho customer show "+1 212 555 0123" --shop PIZA',
  async run(shell, { shop: code }, [which = '']) {
    await atShop(shell, code, async ({ shop, context }) => {
      const id = await findCustomerByName(context, shop.id, which);
      const customer = await findCustomer(context, shop.id, id);
      const clock = clockIn(shop.timezone);
      const money = (amount: string) => `${formatMoney(amount, shop.currency)} ${shop.currency}`;
      const facts: [string, string | null][] = [
        ['phone', customer.phone],
        ['e-mail', customer.email],
        ['address', customer.address],
        ['notes', customer.notes],
        ['visits', String(customer.visits)],
        ['last visit', clock(customer.lastVisitAt)],
        ['spent', money(customer.spent)],
        ['owes', money(customer.owes)],
        ['id', customer.id],
      ];
      const rows = facts.flatMap(([label, value]) => (value ? [[label, ...value.split('\n')] as const] : []));
      shell.show(`${inLine(customer.name)}\n${labelled(rows, process.stdout.columns ?? 80)}`);
      shell.give(customer);
    });
    return undefined;
  },
};
