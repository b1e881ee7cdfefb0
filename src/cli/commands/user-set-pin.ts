import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { Pin, UserChange } from '../../contract/users.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import { askMasked } from '../ask-masked.ts';
import { type Command, EMAIL_OPTION, type Shell } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { untilInterrupted } from '../interrupt.ts';
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
    const given = await readGiven(shell, options);
    const check = (pin: string) => parse(UserChange, { pin });
    // Validate the options before opening the database and before prompting.
    if (given !== undefined) check(given);
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id, name } = await findUserByEmail(context.em, options.email as string);
      const change = check(given ?? (await askPin(name)));
      const { user, endedSessions } = await changeUser(context, { shopId: null }, id, change);
      shell.say(`${user.name} has a new PIN. ${sessionsEnded(endedSessions)}`);
      shell.give({ ...user, endedSessions });
    });
    return undefined;
  },
};

/**
 * The PIN of a file or of standard input, never from the command line itself, which every process list shows; undefined where it
 * is to be asked for. Throws UsageError.
 */
async function readGiven(
  { isInteractive }: Shell,
  { pinFile, pinStdin }: Record<string, unknown>,
): Promise<string | undefined> {
  if (pinFile === undefined && !pinStdin) {
    if (!isInteractive) throw new UsageError('No PIN was given. Use --pin-file FILE or --pin-stdin.');
    return undefined;
  }
  return (await readSmallFile(pinFile === undefined ? '-' : (pinFile as string), 'PIN')).trim();
}

/** Asks until it is a PIN, and the same twice. */
async function askPin(name: string): Promise<string> {
  const first = await askMasked(
    untilInterrupted,
    inLine(`A PIN for ${name}, 4 to 8 digits`),
    (pin) => Pin.safeParse(pin).success || 'A PIN has 4 to 8 digits.',
  );
  return await askMasked(untilInterrupted, 'The same once more', (pin) => pin === first || 'It differs.');
}
