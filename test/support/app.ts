import { type App, createApp, type Log } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Timeouts } from '../../src/server/http.ts';
import { startServer } from '../../src/server/server.ts';
import { type CertificateOptions, type Certificates, openCertificates } from '../../src/tls/certificates.ts';
import { unlimited } from './cli.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { removeFolder, tempFolder } from './temp.ts';

export type TestApp = {
  app: App;
  url: string;
  /** Of HTTPS, where the test asked for it. */
  secureUrl: string;
  certificates: Certificates | undefined;
  database: TestDatabase;
  home: string;
  close(): Promise<void>;
};

type Options = {
  now?: () => Date;
  /** Runs beside this one, as another machine of the same installation; it is closed first. */
  beside?: TestApp;
  /** The caller drops it. */
  database?: TestDatabase;
  /** A folder for its files, which the caller removes. */
  home?: string;
  log?: Log;
  redisUrl?: string;
  /** Without it nobody seals the audit: for tests that do it themselves, or count statements. */
  seals?: boolean;
  /** Settings, as the environment has them. */
  env?: Record<string, string>;
  timeouts?: Partial<Timeouts>;
  port?: number;
  /** Serves HTTPS, too, on a free port. */
  https?: Partial<CertificateOptions>;
};

/** The whole program on a database of its own, listening on a free port of the loopback. */
export async function startTestApp({
  now,
  redisUrl,
  beside,
  home: ownHome,
  log,
  seals = true,
  env,
  timeouts = {},
  port = 0,
  https,
  database: ownDatabase,
}: Options = {}): Promise<TestApp> {
  const database = beside?.database ?? ownDatabase ?? (await testDatabase());
  const home = ownHome ?? beside?.home ?? tempFolder();
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: redisUrl,
    LOG_LEVEL: process.env.TEST_LOG ?? 'silent',
    // What a test asks for all at once is no till's; the limits' own tests set theirs.
    ...unlimited,
    HTTPS_PORT: 'any',
    ...env,
  };
  const app = await createApp(loadConfig({ home }, settings), { ...(now && { now }), ...(log && { log }) });
  const certificates =
    https && (await openCertificates(app.config, { log: app.log, now: app.now, isMaker: true, ...https }));
  const server = await startServer(app, '127.0.0.1', port, {
    timeouts,
    seals,
    https: certificates && { port: 0, certificates },
  });
  return {
    app,
    url: `http://127.0.0.1:${server.port}`,
    secureUrl: server.https && 'port' in server.https ? `https://127.0.0.1:${server.https.port}` : '',
    certificates,
    database,
    home,
    async close() {
      await server.close();
      certificates?.close();
      await app.close();
      if (beside) return;
      if (!ownDatabase) await database.drop();
      if (!ownHome) removeFolder(home);
    },
  };
}
