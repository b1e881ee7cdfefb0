import { migrationStatus, migrateDown as revertMigrations } from '../../app.ts';
import type { Command } from '../command.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { openDatabaseFor } from '../open.ts';

export const migrateDown: Command = {
  name: 'migrate down',
  summary: 'Take the last migration back, and lose what only it can hold',
  options: [
    { flags: '--count <number>', description: 'how many (default 1)' },
    { flags: '--yes', description: 'do it; it is refused without this, on a terminal, too' },
  ],
  example: 'smoocho migrate down --count 1 --yes',
  async run(shell, options) {
    const count = Number(options.count ?? 1);
    if (!Number.isInteger(count) || count < 1) throw new UsageError('--count is not a number from 1 up.');
    const database = await openDatabaseFor(shell.config);
    try {
      const { applied } = await migrationStatus(database.url);
      const last = applied.slice(-count).reverse();
      if (last.length > 0 && !options.yes) {
        throw new RefusedError(
          `This drops ${last.join(', ')} with the data in it. Add --yes if that is what you want.`,
        );
      }
      const reverted =
        last.length === 0 ? [] : await revertMigrations(shell.config, database.url, count, shell.tell);
      shell.say(
        reverted.length === 0 ? 'There is nothing to take back.' : `Took back ${reverted.join(', ')}.`,
      );
      shell.give({ reverted });
    } finally {
      await database.release();
    }
    return undefined;
  },
};
