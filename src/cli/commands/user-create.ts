import { parse } from '../../contract/parse.ts';
import { NewUser, roles } from '../../contract/users.ts';
import { createUser } from '../../core/users/create-user.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { passwordOptions, readPassword } from '../passwords.ts';

export const userCreate: Command = {
  name: 'user create',
  summary: 'Add somebody to the staff of a shop',
  options: [
    SHOP_OPTION,
    { flags: '--email <email>', description: 'what they sign in with', required: true },
    { flags: '--name <name>', description: 'as others know them', required: true },
    { flags: '--role <role>', description: 'cashier, manager or owner', required: true, values: roles },
    ...passwordOptions,
  ],
  example: 'smoocho user create --shop PIZA --email asha@example.com --name Asha --role cashier',
  async run(shell, options) {
    const { email, name, role } = options;
    const password = await readPassword(shell, options, `A password for ${name}`);
    const newUser = parse(NewUser, { email, name, role, password });
    await atShop(shell, options.shop, async ({ shop, context }) => {
      const user = await createUser(context, shop.id, newUser);
      shell.say(`${user.name} can sign in to ${shop.name} as ${user.role}.`);
      shell.give(viewUser(user));
    });
    return undefined;
  },
};
