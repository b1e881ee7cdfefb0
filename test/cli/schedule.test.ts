import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import { wallClock } from '../../src/core/shops/business-day.ts';
import { initOptions, type Server, smoocho, startCli } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const READY = /"demo"[\s\S]*}\n$/;
const options = ['--port=0', '--host=127.0.0.1', '--json'];

/** A shop in Kolkata whose backup is due at a minute that comes soon. */
async function givenShop(redisUrl = '') {
  const home = tempFolder();
  const database = await testDatabase({ migrated: false });
  const env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, REDIS_URL: redisUrl };
  expect((await smoocho(['init', ...initOptions(home)], env)).code).to.equal(0);
  return { home, database, env, db: await database.connect() };
}

const SESSIONS = `
  SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE application_name = 'smoocho schedule' AND datname = current_database()`;
const sessions = async (db: pg.Client) => (await db.query(SESSIONS)).rows[0].n as number;
const openCodes = async (db: pg.Client) =>
  (await db.query('SELECT code FROM attention WHERE ended_at IS NULL')).rows.map(({ code }) => code);

describe('smoocho start and the schedule', function () {
  this.timeout(240_000);
  let redis: TestRedis | undefined;
  const servers: Server[] = [];
  const databases: TestDatabase[] = [];
  const homes: string[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    for (const database of databases.splice(0)) await database.drop();
    for (const home of homes.splice(0)) removeFolder(home);
    await redis?.kill();
    redis = undefined;
  });
  async function given(redisUrl?: string) {
    const shop = await givenShop(redisUrl);
    databases.push(shop.database);
    homes.push(shop.home);
    return shop;
  }

  it('refuses a schedule that is none, and names it', async () => {
    const { home, env } = await given();
    writeFileSync(join(home, 'config.json'), '{"backup": {"drill": "on sundays"}}');
    const { code, stdout } = await smoocho(['start', ...options], env);
    expect(code).to.equal(2);
    expect(JSON.parse(stdout).error.title).to.match(/^backup\.drill is "on sundays"; it must be cron text/);
  });

  /** Starts a server shortly before its minute, and waits until the job of that minute is over. */
  async function runsAtItsMinute(more: string[], redisUrl?: string) {
    const { home, env, db } = await given(redisUrl);
    // The next minute, or the one after it, for a slow machine needs a while to start.
    const { time } = wallClock(new Date(Date.now() + 90_000), 'Asia/Kolkata');
    const schedule = `${Number(time.slice(3, 5))} ${Number(time.slice(0, 2))} * * *`;
    writeFileSync(join(home, 'config.json'), JSON.stringify({ backup: { schedule } }));
    // Yesterday's is not missed: there is a backup already.
    await db.query(`
      INSERT INTO backup_runs (id, kind, started_at, ended_at) VALUES (gen_random_uuid(), 'create', now(), now())`);
    const server = await startCli([...options, ...more], env, READY);
    servers.push(server);
    await until(async () => (await sessions(db)) === 1, 30_000);
    const job = async () =>
      (await db.query("SELECT tries, started_at, ended_at FROM scheduled_jobs WHERE name = 'backup'"))
        .rows[0];
    await until(async () => (await job())?.ended_at, 200_000);
    const { tries, started_at: startedAt } = await job();
    expect([tries, wallClock(startedAt, 'Asia/Kolkata').time.slice(0, 5)]).to.deep.equal([
      1,
      time.slice(0, 5),
    ]);
    expect(await openCodes(db)).to.include('backup_key_missing');
    // One for all its workers.
    expect(await sessions(db)).to.equal(1);
    expect(await server.stop()).to.equal(0);
    servers.splice(servers.indexOf(server), 1);
    expect(await sessions(db)).to.equal(0);
  }

  it('runs the job of a minute in that minute, once, also with workers', async function () {
    requireRedis(this);
    redis = await startRedis();
    await Promise.all([runsAtItsMinute([]), runsAtItsMinute(['--workers=2'], redis.url)]);
  });

  it('leaves the demo alone', async () => {
    const home = tempFolder();
    homes.push(home);
    mkdirSync(join(home, 'demo'));
    writeFileSync(join(home, 'demo', 'config.json'), '{"backup": {"schedule": "0 3 * * *"}}');
    servers.push(await startCli(['--demo', ...options], { SMOOCHO_HOME: home }, READY));
    // Elsewhere a missing recovery key is said in the first moments.
    await sleep(2_000);
    const { json } = await smoocho(['status', '--json'], { SMOOCHO_HOME: join(home, 'demo') });
    expect([json().server.isRunning, json().attention]).to.deep.equal([true, []]);
  });
});
