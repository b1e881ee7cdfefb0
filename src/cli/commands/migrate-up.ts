import { migrateUp as applyMigrations } from '../../app.ts';
import type { Command } from '../command.ts';
import { openAppFor, openDatabaseFor } from '../open.ts';
import { upgradeSchema } from '../upgrade-schema.ts';

export const migrateUp: Command = {
  name: 'migrate up',
  summary: 'Bring the database up to date',
  options: [{ flags: '--without-backup', description: 'without a backup of it first' }],
  example: 'smoocho migrate up',
  async run(shell, options) {
    const database = await openDatabaseFor(shell.config);
    try {
      const upgraded = await upgradeSchema(shell, shell.config, options.withoutBackup === true);
      // A new database has nothing to back up.
      const applied =
        upgraded.length > 0 ? upgraded : await applyMigrations(shell.config, database.url, shell.tell);
      // What only the program can bring up to date, such as encrypting what was not, is done when it opens.
      if (applied.length > 0) await (await openAppFor(shell.config)).close();
      shell.say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
      shell.give({ applied });
    } finally {
      await database.release();
    }
    return undefined;
  },
};
