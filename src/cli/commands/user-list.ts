import { listUsersOf } from '../../core/users/list-users.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { clockIn } from '../output/clock.ts';
import { table } from '../output/table.ts';

export const userList: Command = {
  name: 'user list',
  summary: 'List the people of a shop',
  options: [SHOP_OPTION],
  example: 'smoocho user list --shop PIZA',
  async run(shell, { shop: code }) {
    await atShop(shell, code, async ({ shop, context: { em } }) => {
      const clock = clockIn(shop.timezone);
      const users = (await listUsersOf(em, shop.id)).map(viewUser);
      shell.show(
        table(users, [
          { title: 'name', value: (user) => user.name },
          { title: 'e-mail', value: (user) => user.email },
          { title: 'role', value: (user) => user.role },
          { title: 'disabled', value: (user) => clock(user.disabledAt) },
        ]),
      );
      shell.give(users);
    });
    return undefined;
  },
};
