import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { type App, createApp, systemContext } from '../../src/app.ts';
import type { Job } from '../../src/backup/job.ts';
import type { ScheduleTimes } from '../../src/backup/schedule.ts';
import { loadConfig } from '../../src/config.ts';
import { listAttention } from '../../src/core/attention/attention.ts';
import { claim } from '../../src/core/shops/claim-installation.ts';
import { PASSWORD } from './cli.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { removeFolder, tempFolder } from './temp.ts';

export const jobScript = fileURLToPath(new URL('job-child.ts', import.meta.url));

/** Polls often; the test sets the clock. */
export const quickTimes: Partial<ScheduleTimes> = { lookMs: 20, leaderMs: 50, jitterMs: 0, graceMs: 10_000 };

/** Every night at three in Kolkata, which is 21:30 UTC. */
export const nightly = (argv: string[], more: Partial<Job> = {}): Job => ({
  name: 'backup',
  schedule: { cron: '0 3 * * *' },
  argv,
  failed: { code: 'backup_failed', severity: 'problem', what: 'The backup failed' },
  timeoutMs: 60_000,
  ...more,
});

export type Installation = {
  home: string;
  database: TestDatabase;
  app: App;
  /** Messages that the app logged, with their levels. */
  logged: { level: number; msg: string }[];
  setNow(time: string): void;
  state(
    name?: string,
  ): Promise<{ succeeded: string | null; tries: number; started: string | null } | undefined>;
  attention(): Promise<[code: string, detail: string][]>;
  lines(): string[];
  /** The file that the test's jobs log to. */
  file: string;
  close(): Promise<void>;
};

/** An installation with a shop and its settings in `config.json`, so that scheduled commands use the same. */
export async function givenInstallation(startsAt: string): Promise<Installation> {
  const home = tempFolder();
  const file = join(home, 'lines');
  const database = await testDatabase();
  const settings = join(home, 'config.json');
  writeFileSync(settings, JSON.stringify({ databaseUrl: database.url, logLevel: 'error' }));
  chmodSync(settings, 0o600);
  const logged: Installation['logged'] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  let now = new Date(startsAt);
  const app = await createApp(loadConfig({ home }, {}), { now: () => now, log });
  const owner = { email: 'asha@example.com', name: 'Asha', password: PASSWORD };
  const shop = { name: 'Kulfi Corner', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' };
  await claim(systemContext(app, 'test'), owner, shop);
  const db = await database.connect();
  return {
    home,
    database,
    app,
    logged,
    file,
    setNow: (time) => {
      now = new Date(time);
    },
    async state(name = 'backup') {
      const { rows } = await db.query(
        'SELECT succeeded_at AS succeeded, started_at AS started, tries FROM scheduled_jobs WHERE name = $1',
        [name],
      );
      const [row] = rows;
      return (
        row && {
          ...row,
          succeeded: row.succeeded?.toISOString() ?? null,
          started: row.started?.toISOString() ?? null,
        }
      );
    },
    attention: async () => (await listAttention(app.orm.em.fork())).map(({ code, detail }) => [code, detail]),
    lines: () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []),
    async close() {
      await app.close();
      await database.drop();
      removeFolder(home);
    },
  };
}
