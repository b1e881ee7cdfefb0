import { systemContext } from '../../app.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';

export const userEnable: Command = {
  name: 'user enable',
  summary: 'Let somebody sign in again who was disabled, with the password that they had',
  options: [EMAIL_OPTION],
  example: 'smoocho user enable --email asha@example.com',
  async run(shell, { email }) {
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id } = await findUserByEmail(context.em, email as string);
      const { user } = await changeUser(context, { shopId: null }, id, { isDisabled: false });
      shell.say(`${user.name} can sign in again as ${user.role}.`);
      shell.give(user);
    });
    return undefined;
  },
};
