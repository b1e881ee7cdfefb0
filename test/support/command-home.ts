import { expect } from 'chai';
import { initOptions, type Server, smoocho, startCli } from './cli.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { requireRedis, startRedis, type TestRedis } from './redis.ts';
import { removeFolder, tempFolder } from './temp.ts';

type Env = Record<string, string>;

/** The last of what `start --json` prints. */
export const READY = /"demo"[^}]*}/;
const ADDRESS = ['--port=0', '--host=127.0.0.1'];

/** A home that `init` made, with a shop in it, and at most one server on it at a time. */
export type CommandHome = {
  readonly home: string;
  readonly database: TestDatabase;
  env(more?: Env): Env;
  /** Starts a server on a free port; gives what `start --json` says. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
  start(more?: Env, flags?: string[]): Promise<any>;
  /** The one that runs. Throws if none does. */
  server(): Server;
  /** Ends it, if one runs; gives its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null | undefined>;
  /** The address of a Redis of this test's own. Skips the test, with the reason, where there is none. */
  redisUrl(test: Mocha.Context): Promise<string>;
};

/** For the suite around: makes the home before its tests, and ends what each of them started. */
export function givenCommandHome(usual: Env = {}): CommandHome {
  let home: string;
  let database: TestDatabase;
  let server: Server | undefined;
  let redis: TestRedis | undefined;

  const env = (more: Env = {}) => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url, ...usual, ...more });
  const stop = async (signal?: NodeJS.Signals) => {
    const running = server;
    server = undefined;
    return await running?.stop(signal);
  };
  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    const { code, stderr } = await smoocho(['init', ...initOptions(home)], env());
    expect(code, stderr).to.equal(0);
  });
  afterEach(async () => {
    await stop();
    await redis?.kill();
    redis = undefined;
  });
  after(async () => {
    await database?.drop();
    if (home) removeFolder(home);
  });

  return {
    get home() {
      return home;
    },
    get database() {
      return database;
    },
    env,
    stop,
    async start(more = {}, flags = []) {
      server = await startCli([...ADDRESS, '--json', ...flags], env(more), READY);
      // The log may stand before it.
      return JSON.parse(/^\{$.*?^\}$/ms.exec(server.output())?.[0] ?? '');
    },
    server() {
      if (!server) throw new Error('No server runs.');
      return server;
    },
    async redisUrl(test) {
      requireRedis(test);
      redis = await startRedis();
      return redis.url;
    },
  };
}
