import type { Command } from '../command.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { showNewKey, useRecipient, writeKeyFile } from '../recovery-key.ts';

export const backupKeyCreate: Command = {
  name: 'backup key create',
  summary: 'Make the recovery key, which opens backups on another machine, and show it once',
  options: [
    {
      flags: '--out <file>',
      description: 'write it into this new file: .html for a page to print, else text',
    },
    {
      flags: '--recipient <key>',
      description: 'use a key that you have already, by its public half (age1…)',
    },
    { flags: '--replace', description: 'in the place of the one that is used now' },
  ],
  example: 'smoocho backup key create --out recovery-key.html',
  async run(shell, options) {
    const { home, backup } = shell.config;
    if (backup.recoveryRecipient && !options.replace) {
      throw new RefusedError(
        'There is a recovery key already. With --replace a new one opens the backups that are made from then on; keep the old one for those of before.',
      );
    }
    if (options.out && options.recipient) throw new UsageError('--out and --recipient exclude each other.');
    if (!options.out && !options.recipient && !shell.isInteractive)
      throw new UsageError('Nobody is there to be shown a key. Use --out FILE or --recipient age1….');
    const now = new Date();
    const made = options.recipient
      ? useRecipient(home, options.recipient as string)
      : options.out
        ? await writeKeyFile(home, options.out as string, now)
        : await showNewKey(shell, now, false);
    if (made?.file) {
      shell.say(
        `The recovery key is in ${made.file}. Print it, or copy it away from this machine, and then remove it here.`,
      );
    }
    shell.say('Every backup from now on opens with it. Make one: smoocho backup create');
    if (backup.recoveryRecipient)
      shell.say('Keep the one that it replaces, too: it opens the backups of before.');
    shell.give(made);
    return undefined;
  },
};
