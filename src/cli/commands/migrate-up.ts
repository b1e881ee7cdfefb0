import { migrateUp as applyMigrations, createApp, createLog, openDatabase } from '../../app.ts';
import type { Command } from '../command.ts';

export const migrateUp: Command = {
  name: 'migrate up',
  summary: 'Bring the database up to date',
  options: [],
  example: 'smoocho migrate up',
  async run(shell) {
    const database = await openDatabase(shell.config, createLog(shell.config));
    try {
      const applied = await applyMigrations(shell.config, database.url, shell.tell);
      // What only the program can bring up to date, such as encrypting what was not, is done when it opens.
      if (applied.length > 0) await (await createApp(shell.config)).close();
      shell.say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
      shell.give({ applied });
    } finally {
      await database.release();
    }
    return undefined;
  },
};
