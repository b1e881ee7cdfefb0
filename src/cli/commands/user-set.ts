import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { UserChange } from '../../contract/users.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { changeRead } from '../at-shop.ts';
import { type Command, EMAIL_OPTION } from '../command.ts';
import { requireSome } from '../fields.ts';
import { printChanges } from '../output/changes.ts';

export const userSet: Command = {
  name: 'user set',
  summary: "Change somebody's name or e-mail, or take their PIN away",
  options: [
    EMAIL_OPTION,
    { flags: '--name <name>', description: 'as others know them' },
    { flags: '--new-email <email>', description: 'what they sign in with from now on' },
    { flags: '--remove-pin', description: 'they sign in with their password until they have another' },
  ],
  example: 'smoocho user set --email asha@example.com --name "Asha Rao"',
  async run(shell, { email, name, newEmail, removePin }) {
    const fields = {
      ...(name !== undefined && { name }),
      ...(newEmail !== undefined && { email: newEmail }),
      ...(removePin ? { pin: null } : {}),
    };
    const change = parse(UserChange, requireSome(fields));
    await shell.withApp(async (app) => {
      const { id } = await findUserByEmail(systemContext(app, 'cli').em, email as string);
      const { before, after } = await changeRead(
        { app },
        async ({ em }) => viewUser(await findUserByEmail(em, email as string)),
        async (context, { version }) =>
          (await changeUser(context, { shopId: null }, id, { version, ...change })).user,
      );
      printChanges(shell, before.name, before, after);
      shell.give(after);
    });
    return undefined;
  },
};
