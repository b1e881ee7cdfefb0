import { migrateUp as applyMigrations, createLog, openDatabase } from '../../app.ts';
import type { Command } from '../command.ts';

export const migrateUp: Command = {
  name: 'migrate up',
  summary: 'Bring the database up to date',
  options: [],
  example: 'smoocho migrate up',
  async run(shell) {
    const database = await openDatabase(shell.config, createLog(shell.config));
    try {
      const applied = await applyMigrations(database.url, shell.tell);
      shell.say(applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`);
      shell.give({ applied });
    } finally {
      await database.release();
    }
    return undefined;
  },
};
