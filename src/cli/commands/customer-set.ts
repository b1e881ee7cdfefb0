import { CustomerChange } from '../../contract/customers.ts';
import { parse } from '../../contract/parse.ts';
import { findCustomerByName } from '../../core/customers/find-customer-by-name.ts';
import { findCustomer } from '../../core/customers/find-customers.ts';
import { updateCustomer } from '../../core/customers/update-customer.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, CUSTOMER_ARGUMENT, SHOP_OPTION } from '../command.ts';
import { fieldsOf, requireSome } from '../fields.ts';
import { printChanges } from '../output/changes.ts';

export const customerSet: Command = {
  name: 'customer set',
  summary: 'Change what is known of a customer; "" takes e-mail, address, name or notes away',
  arguments: [CUSTOMER_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'what they are called' },
    { flags: '--phone <number>', description: 'as people write it' },
    { flags: '--email <email>', description: 'where they get mail' },
    { flags: '--address <text>', description: 'where they are delivered to' },
    { flags: '--notes <text>', description: 'what the shop should know' },
  ],
  example: 'smoocho customer set "+1 212 555 0123" --shop PIZA --name "Olga Reyes"',
  async run(shell, options, [which = '']) {
    const change = parse(CustomerChange, requireSome(fieldsOf(CustomerChange, options)));
    await atShop(shell, options.shop, async ({ app, shop, context }) => {
      const id = await findCustomerByName(context, shop.id, which);
      const { before, after } = await changeRead(
        { app },
        (fresh) => findCustomer(fresh, shop.id, id),
        (fresh, { version }) => updateCustomer(fresh, shop.id, id, { version, ...change }),
      );
      printChanges(shell, after.name || 'The customer', before, after);
      shell.give(after);
    });
    return undefined;
  },
};
