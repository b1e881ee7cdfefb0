import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { roles, UserChange } from '../../contract/users.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { pinGone } from '../output/sentences.ts';
import { passwordOptions, readPassword } from '../passwords.ts';

export const userSetRole: Command = {
  name: 'user set-role',
  summary: 'Give somebody another role, at once; who becomes an owner gets a new, longer password too',
  options: [
    EMAIL_OPTION,
    { flags: '--role <role>', description: 'cashier, manager or owner', required: true, values: roles },
    ...passwordOptions,
  ],
  example: 'smoocho user set-role --email asha@example.com --role manager',
  async run(shell, options) {
    const { role } = parse(UserChange, { role: options.role });
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id, name, role: before, pinHash } = await findUserByEmail(context.em, options.email as string);
      const rises = role === 'owner' && before !== 'owner';
      const password = rises ? await readPassword(shell, options, `A new password for ${name}`) : undefined;
      const change = parse(UserChange, { role, password });
      const { user } = await changeUser(context, { shopId: null }, id, change);
      shell.say(`${user.name} is ${user.role} now.${pinGone(rises && pinHash != null)}`);
      shell.give(user);
    });
    return undefined;
  },
};
