import { systemContext } from '../../app.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { sessionsEnded } from '../output/sentences.ts';

export const userDisable: Command = {
  name: 'user disable',
  summary: 'Shut somebody out, at once, on every device: somebody who left',
  options: [EMAIL_OPTION],
  example: 'smoocho user disable --email asha@example.com',
  async run(shell, { email }) {
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id } = await findUserByEmail(context.em, email as string);
      const change = { isDisabled: true };
      const { user, endedSessions } = await changeUser(context, { shopId: null }, id, change);
      shell.say(`${user.name} can't sign in any more. ${sessionsEnded(endedSessions)}`);
      shell.give({ ...user, endedSessions });
    });
    return undefined;
  },
};
