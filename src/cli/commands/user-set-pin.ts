import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { UserChange } from '../../contract/users.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { type Command, EMAIL_OPTION, type Shell } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { inLine } from '../output/in-line.ts';
import { sessionsEnded } from '../output/sentences.ts';
import { readSmallFile } from '../small-file.ts';

export const userSetPin: Command = {
  name: 'user set-pin',
  summary: 'Give somebody a PIN for paired devices; a new one in the place of another ends their sessions',
  options: [
    EMAIL_OPTION,
    { flags: '--pin-file <file>', description: 'read the PIN from this file' },
    { flags: '--pin-stdin', description: 'read the PIN from standard input' },
  ],
  example: 'smoocho user set-pin --email asha@example.com',
  async run(shell, options) {
    const pin = await readPin(shell, options);
    const change = parse(UserChange, { pin });
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id } = await findUserByEmail(context.em, options.email as string);
      const { user, endedSessions } = await changeUser(context, { shopId: null }, id, change);
      shell.say(`${user.name} has a new PIN. ${sessionsEnded(endedSessions)}`);
      shell.give({ ...user, endedSessions });
    });
    return undefined;
  },
};

/** Never from the command line itself, which every process list shows. Throws UsageError. */
async function readPin(
  { isInteractive }: Shell,
  { email, pinFile, pinStdin }: Record<string, unknown>,
): Promise<string> {
  if (pinFile === undefined && !pinStdin) {
    if (!isInteractive) throw new UsageError('No PIN was given. Use --pin-file FILE or --pin-stdin.');
    const { password } = await import('@inquirer/prompts');
    const first = await password({ message: inLine(`A PIN for ${email}`), mask: true });
    const second = await password({ message: 'The same once more', mask: true });
    if (first !== second) throw new UsageError('The two PINs differ.');
    return first;
  }
  return (await readSmallFile(pinFile === undefined ? '-' : (pinFile as string), 'PIN')).trim();
}
