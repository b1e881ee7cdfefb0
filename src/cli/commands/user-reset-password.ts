import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { UserChange } from '../../contract/users.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { pinGone, sessionsEnded } from '../output/sentences.ts';
import { passwordOptions, readPassword } from '../passwords.ts';

export const userResetPassword: Command = {
  name: 'user reset-password',
  summary: 'Give somebody a new password; they are signed out everywhere, and their PIN is gone',
  options: [EMAIL_OPTION, ...passwordOptions],
  example: 'smoocho user reset-password --email asha@example.com',
  async run(shell, options) {
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id, name, pinHash } = await findUserByEmail(context.em, options.email as string);
      const password = await readPassword(shell, options, `A new password for ${name}`);
      const change = parse(UserChange, { password });
      const { user, endedSessions } = await changeUser(context, { shopId: null }, id, change);
      shell.say(
        `${user.name} has a new password. ${sessionsEnded(endedSessions)}${pinGone(pinHash != null)}`,
      );
      shell.give({ ...user, endedSessions });
    });
    return undefined;
  },
};
