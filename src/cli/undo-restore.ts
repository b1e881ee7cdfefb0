import type { KeptDatabase } from '../backup/restore/databases.ts';
import { undoRestore } from '../backup/restore/undo-restore.ts';
import { cliActor } from '../core/context.ts';
import { formatMinute } from '../figures.ts';
import { openAppOn } from './backup-support.ts';
import type { Shell } from './command.ts';
import { RefusedError } from './exit-codes.ts';
import { openDatabaseFor } from './open.ts';

/** `restore --undo`: puts back what an earlier restore replaced. Throws RefusedError off a terminal without `--yes`. */
export async function undoByAsking(shell: Shell, options: Record<string, unknown>): Promise<void> {
  const { config } = shell;
  const database = await openDatabaseFor(config);
  let kept: KeptDatabase[] = [];
  try {
    const undone = await undoRestore({
      databaseUrl: database.url,
      home: config.home,
      openApp: openAppOn(config),
      now: () => new Date(),
      actor: cliActor(config),
      replacedAt: options.replacedAt as string | undefined,
      async confirm({ replacedAt }, all) {
        kept = all.map(({ replacedAt, reason }) => ({ replacedAt, reason }));
        shell.say(
          `This puts back what was replaced at ${formatMinute(replacedAt)}. What was done since is kept for 7 days.`,
          ...describeOthers(all.filter((other) => other.replacedAt !== replacedAt)),
        );
        if (options.dryRun) return false;
        if (options.yes) return true;
        if (!shell.isInteractive)
          throw new RefusedError(
            'This replaces what is there. Add --yes if that is what you want. Nothing was changed.',
          );
        const prompts = await import('@inquirer/prompts');
        return await prompts.confirm({ message: 'Put it back?', default: false });
      },
    });
    shell.say(
      ...(undone
        ? [
            'It is back. Everybody signs in again, and new bills begin a number series of their own.',
            'Open it: smoocho start',
          ]
        : ['Nothing was changed.']),
    );
    shell.give(undone ? { undone: true, ...undone } : { undone: false, kept });
  } finally {
    await database.release();
  }
}

/** Lists the databases kept from earlier restores and undos. */
function describeOthers(others: KeptDatabase[]): string[] {
  if (others.length === 0) return [];
  return [
    'Kept as well:',
    ...others.map(
      ({ replacedAt, reason }) =>
        `  what was replaced at ${formatMinute(replacedAt)} by ${reason === 'restored' ? 'a restore' : 'undoing one'}: smoocho restore --undo --replaced-at ${replacedAt}`,
    ),
  ];
}
