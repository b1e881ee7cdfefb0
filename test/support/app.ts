import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { startServer } from '../../src/server/server.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { removeFolder, tempFolder } from './temp.ts';

export type TestApp = { app: App; url: string; database: TestDatabase; close(): Promise<void> };

/** The whole program on a database of its own, listening on a free port of the loopback. */
export async function startTestApp(options: { now?: () => Date } = {}): Promise<TestApp> {
  const database = await testDatabase();
  const home = tempFolder();
  const env = { DATABASE_URL: database.url, LOG_LEVEL: process.env.TEST_LOG ?? 'silent' };
  const app = await createApp(loadConfig({ home }, env), options);
  const server = await startServer(app, '127.0.0.1', 0);
  return {
    app,
    url: `http://127.0.0.1:${server.port}`,
    database,
    async close() {
      await server.close();
      await app.close();
      await database.drop();
      removeFolder(home);
    },
  };
}
