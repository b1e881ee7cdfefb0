import { startDatabaseServer, stopDatabaseServer } from './database.ts';

/** Once for the whole run: a real PostgreSQL, the embedded one, in a home of its own. */
export async function mochaGlobalSetup(): Promise<void> {
  await startDatabaseServer();
}

export async function mochaGlobalTeardown(): Promise<void> {
  await stopDatabaseServer();
}
