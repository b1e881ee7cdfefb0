import { startDatabaseServer, stopDatabaseServer } from './database.ts';

// Nothing of the program may fail unheard: where it runs alone, it would end it. Mocha alone would pass over it.
process.on('unhandledRejection', (error) => {
  throw error;
});

// Messages name the command as where it is installed.
process.env.SMOOCHO_COMMAND ??= 'smoocho';

/** Once for the whole run: a real PostgreSQL, the embedded one, in a home of its own. */
export async function mochaGlobalSetup(): Promise<void> {
  await startDatabaseServer();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopDatabaseServer();
}
