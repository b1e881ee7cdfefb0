import { systemContext } from '../../app.ts';
import { Id } from '../../contract/primitives.ts';
import { signOut } from '../../core/users/end-sessions.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { sessionsEnded } from '../output/sentences.ts';

export const userRevoke: Command = {
  name: 'user revoke',
  summary: 'Sign somebody out, everywhere or of one session',
  options: [
    EMAIL_OPTION,
    { flags: '--session <id>', description: 'this one alone, by its id in: smoocho user sessions' },
  ],
  example: 'smoocho user revoke --email asha@example.com',
  async run(shell, { email, session }) {
    const id = Id.optional().safeParse(session);
    if (!id.success) throw new UsageError('--session is not an id as `smoocho user sessions` shows it.');
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const user = await findUserByEmail(context.em, email as string);
      const endedSessions = await signOut(context, user, id.data);
      shell.say(`${user.name}: ${sessionsEnded(endedSessions)}`);
      shell.give({ userId: user.id, endedSessions });
    });
    return undefined;
  },
};
