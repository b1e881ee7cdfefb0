import { type Customer, listCustomers as contract } from '../../contract/customers.ts';
import { listCustomers } from '../../core/customers/find-customers.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { LIST_OPTIONS, printList, readList } from '../listing.ts';
import { clockIn } from '../output/clock.ts';
import { formatMoney } from '../output/format.ts';
import { table } from '../output/table.ts';

export const customerList: Command = {
  name: 'customer list',
  summary: 'List customers by name, with what they spent and owe',
  options: [
    SHOP_OPTION,
    { flags: '--search <text>', description: 'part of the name' },
    { flags: '--phone <number>', description: 'the one with this number, as people write it' },
    ...LIST_OPTIONS,
  ],
  example: 'smoocho customer list --shop PIZA --phone "+1 212 555 0123"',
  async run(shell, { shop: code, search, phone, limit, cursor }) {
    await atShop(shell, code, async ({ shop, context }) => {
      const asked = { search, phone, limit, cursor };
      const page = await readList(contract.query, asked, (query) => listCustomers(context, shop.id, query));
      printList(shell, page, 'There is no such customer.', (rows) => readable(rows, shop));
    });
    return undefined;
  },
};

function readable(customers: Customer[], { currency, timezone }: { currency: string; timezone: string }) {
  const money = (amount: string) => formatMoney(amount, currency);
  const clock = clockIn(timezone);
  return table(customers, [
    { title: 'name', value: ({ name }) => name },
    { title: 'phone', value: ({ phone }) => phone ?? '' },
    { title: 'visits', value: ({ visits }) => String(visits), align: 'right' },
    { title: 'spent', value: ({ spent }) => money(spent), align: 'right' },
    { title: 'owes', value: ({ owes }) => money(owes), align: 'right' },
    { title: 'last visit', value: ({ lastVisitAt }) => clock(lastVisitAt) },
  ]);
}
