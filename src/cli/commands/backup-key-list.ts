import { findBoxKey } from '../../backup/keys.ts';
import type { Command } from '../command.ts';
import { labelled } from '../output/labelled.ts';

export const backupKeyList: Command = {
  name: 'backup key list',
  summary: 'Show which keys open the backups that are made now, by their public halves',
  options: [],
  example: 'smoocho backup key list --json',
  async run(shell) {
    const { home, backup } = shell.config;
    const box = (await findBoxKey(home))?.recipient ?? null;
    const { recoveryRecipient } = backup;
    if (box === null && recoveryRecipient === null)
      (await import('../../app.ts')).requireNotFresh(shell.config);
    shell.show(
      labelled(
        [
          ['recovery', recoveryRecipient ?? 'none: smoocho backup key create'],
          ['this box', box ?? 'made with the first backup'],
        ],
        process.stdout.columns ?? 80,
      ),
    );
    shell.give({ recovery: recoveryRecipient, box });
    return undefined;
  },
};
