import { randomUUID } from 'node:crypto';
import { type App, createApp, holdServerLock, systemContext } from '../../app.ts';
import { type Schedule, startSchedule } from '../../backup/schedule.ts';
import { ensureBackupSettings } from '../../backup/settings.ts';
import { type Config, ConfigError, demoHome, loadConfig, withoutRealShop } from '../../config.ts';
import { watchClock } from '../../core/clock/watch-clock.ts';
import { watchDisk } from '../../core/disk/watch-disk.ts';
import { isClaimed, issueSetupToken } from '../../core/shops/claim-installation.ts';
import { keepCounts } from '../../server/metrics/counts.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import type { Command, Shell } from '../command.ts';
import { type Demo, prepareDemo } from '../demo.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { gatherFromWorkers } from '../gather.ts';
import {
  type Https,
  type HttpsGreeting,
  httpsGreeting,
  httpsLines,
  httpsProblem,
  openHttps,
  uncoveredProblem,
} from '../https.ts';
import { lanAddresses, urlOf } from '../lan-addresses.ts';
import { needsSetUp } from '../set-up.ts';
import { exitSoon, untilStopped } from '../stopping.ts';
import { upgradeSchema } from '../upgrade-schema.ts';
import { wizard } from '../wizard.ts';
import { canReusePort, isWorker, leavePrimary, startWorkers, tellPrimary } from '../workers.ts';

export const start: Command = {
  name: 'start',
  summary: 'Serve the tills, until Ctrl-C',
  options: [
    { flags: '--demo', description: 'a dessert parlour to try things on, apart from your own shop' },
    {
      flags: '--workers <number>',
      description: 'processes that serve together, for more than one core; more than one needs REDIS_URL',
    },
    { flags: '--port <number>', description: 'default 8080' },
    {
      flags: '--https-port <number>',
      description: 'default 8443; 0 for no HTTPS, any for a free port',
    },
    { flags: '--without-backup', description: 'bring an older database up to date without a backup first' },
    { flags: '--host <address>', description: 'default 0.0.0.0, all of this network; the demo: 127.0.0.1' },
  ],
  example: 'smoocho start --demo --port 8080',
  async run(shell, options) {
    const workers = readWorkers(options.workers);
    const config = startConfig(shell.config, options, workers);
    if (workers > 1 && !config.redisUrl) throw new RefusedError(NEEDS_REDIS);
    // From the first moment: a signal during the start must not leave PostgreSQL behind.
    const stopped = untilStopped();
    if (isWorker) return await serveAsWorker(config, stopped);
    if (shell.isInteractive && !options.demo && (await needsSetUp(config))) await wizard(shell);
    await upgradeSchema(shell, config, options.withoutBackup === true || options.demo === true);
    const app = await createApp(config, { migrate: true });
    let https: Https = {};
    try {
      https = await openHttps(app, true);
      const server = await (workers > 1
        ? listening(config, () =>
            startWorkers(app, config, {
              count: workers,
              isSecure: https.certificates !== undefined,
              keepCounts,
            }),
          )
        : serve(app, config, https));
      if (typeof server === 'number') return server;
      const watches = [
        watchDisk(() => systemContext(app, 'disk'), app.disk),
        watchClock(() => systemContext(app, 'clock')),
      ];
      let schedule: Schedule | undefined;
      try {
        const demo = options.demo ? await prepareDemo(app) : undefined;
        if (!options.demo) setNightlyBackup(shell, config.home);
        await greet(shell, app, { server, https, workers, demo });
        // A demo needs no backups.
        if (!options.demo) schedule = startSchedule(app, { program: [program] });
        await stopped;
        shell.say('', 'Stopping …');
      } finally {
        await Promise.all([server, schedule, ...watches].map((each) => each?.close()));
      }
    } finally {
      https.certificates?.close();
      await app.close();
      exitSoon(app.log);
    }
    return undefined;
  },
};

/** Turns nightly backups on. Only warns when the settings can't be written, such as a file mounted by a container. */
function setNightlyBackup(shell: Shell, home: string): void {
  try {
    ensureBackupSettings(home);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    shell.tell(`No backup is made by itself: ${error.message}`);
  }
}

const NEEDS_REDIS =
  'Several workers need a Redis to tell each other what happens. Set REDIS_URL, such as redis://localhost:6379, or leave out --workers.';

/** The script that Node runs, to start commands of the schedule with it. */
const [, program = ''] = process.argv;

/** More would only wait for the same cores. */
const MAX_WORKERS = 64;

function readWorkers(text: unknown): number {
  const count = text === undefined ? 1 : Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS) return count;
  throw new UsageError(`--workers is not a number from 1 to ${MAX_WORKERS}.`);
}

/** One of several: it serves until the first process tells it to stop, or is gone. */
async function serveAsWorker(config: Config, stopped: Promise<void>): Promise<undefined> {
  let app: App | undefined;
  let https: Https = {};
  try {
    app = await createApp(config);
    // The first process makes certificates, and has said what is wrong with them.
    https = await openHttps(app, false);
    if (https.problem) app.log.error(https.problem);
    const server = await serve(app, config, https);
    tellPrimary({ host: server.host, port: server.port });
    await stopped;
    await server.close();
  } finally {
    https.certificates?.close();
    await app?.close();
    leavePrimary();
    if (app) exitSoon(app.log);
  }
}

async function serve(app: App, config: Config, { certificates }: Https): Promise<RunningServer> {
  const lock = await holdServerLock(app);
  try {
    const server = await listening(config, () =>
      startServer(app, config.host, config.port, {
        reusePort: isWorker && canReusePort,
        https: certificates && config.tls && { port: config.tls.port, certificates },
        ...(isWorker && { gather: gatherFromWorkers }),
      }),
    );
    if (isWorker && server.https && 'error' in server.https) {
      app.log.error({ err: server.https.error }, 'HTTPS is not served by this worker');
    }
    return {
      ...server,
      close: async () => {
        await server.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

function startConfig(config: Config, options: Record<string, unknown>, workers: number): Config {
  const { port, host, demo } = options;
  const httpsPort = options.httpsPort as string | undefined;
  // Together they hold about as many connections as one alone would.
  const poolSize = workers === 1 ? undefined : Math.max(4, Math.ceil(8 / workers));
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && !(Number.isInteger(number) && number >= 0 && number <= 65_535)) {
    throw new UsageError('--port is not a number from 0 to 65535.');
  }
  if (!demo) {
    return loadConfig({
      home: config.home,
      port: number,
      httpsPort,
      host: host as string | undefined,
      poolSize,
    });
  }
  // The demo is for whoever tries it on this machine, not for the network.
  const own = { home: demoHome(config.home), outerHome: config.home, poolSize };
  const address = { port: number, host: (host as string | undefined) ?? '127.0.0.1' };
  return withoutRealShop(loadConfig({ ...own, ...address }));
}

/** Says in a sentence why an address can't be had. */
async function listening<T>(config: Config, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      EADDRINUSE: `Port ${config.port} is taken by another program. Choose another: smoocho start --port ${config.port + 1}`,
      EACCES: `Port ${config.port} may only be used by root. Choose one above 1023, such as --port 8080.`,
      EADDRNOTAVAIL: `${config.host} is not an address of this machine. Use --host 0.0.0.0 or 127.0.0.1.`,
    };
    const reason = reasons[code ?? ''];
    throw reason ? new Error(reason) : error;
  }
}

type Greeting = { server: RunningServer; https: Https; workers: number; demo: Demo | undefined };

async function greet(shell: Shell, app: App, { server, https, workers, demo }: Greeting): Promise<void> {
  const own = server.host === '0.0.0.0' || server.host === '::' ? 'localhost' : server.host;
  const url = urlOf('http', own, server.port);
  const setupToken =
    demo || (await isClaimed(app.orm.em.fork()))
      ? null
      : await issueSetupToken({ app, em: app.orm.em.fork() });
  shell.say(`Smoocho is running at ${url}${workers > 1 ? `, with ${workers} workers` : ''}`);
  shell.say(...tillLines(app.config, server));
  const { secure, problem } = secureGreeting(app.config, server, https, own);
  if (secure) shell.say(...httpsLines(secure));
  if (problem) shell.tell(problem);
  if (app.config.metricsProblem) shell.tell(app.config.metricsProblem);
  if (demo) shell.show(demoGreeting(url, demo));
  if (setupToken) shell.show(setupGreeting(url, setupToken));
  shell.say('', 'Stop it with Ctrl-C.');
  shell.give({
    url,
    port: server.port,
    pid: process.pid,
    workers,
    home: app.config.home,
    setupToken,
    https: secure ?? null,
    httpsProblem: problem ?? null,
    demo: demo ?? null,
  });
}

const isBehindProxy = ({ edge }: Config) => edge.trustedProxies.length > 0;

/** Behind a proxy, such as in containers, this machine's own addresses lead nowhere. */
const reachableAddresses = (config: Config, server: RunningServer) =>
  isBehindProxy(config) ? [] : lanAddresses(server);

/** Where tills reach it. */
function tillLines(config: Config, server: RunningServer): string[] {
  if (isBehindProxy(config)) {
    return config.edge.allowedHosts.map((name) => `Tills, through the proxy: ${name}`);
  }
  return reachableAddresses(config, server).map(
    (address) => `Tills on this network: ${urlOf('http', address, server.port)}`,
  );
}

/** Where HTTPS is served, and what is wrong with it, if anything. */
function secureGreeting(
  config: Config,
  server: RunningServer,
  { certificates, problem }: Https,
  own: string,
): { secure?: HttpsGreeting; problem?: string | undefined } {
  if (!server.https || !certificates) return { problem };
  if ('error' in server.https) return { problem: httpsProblem(config, server.https.error) };
  const { port } = server.https;
  const secure = httpsGreeting(certificates, {
    port,
    plainPort: server.port,
    lan: reachableAddresses(config, server),
    own,
  });
  return { secure, problem: uncoveredProblem(certificates) };
}

function demoGreeting(
  url: string,
  { shopId, people, password, accessToken, productId, variantId }: Demo,
): string {
  const order = {
    id: randomUUID(),
    items: [{ productId, ...(variantId ? { variantId } : {}), quantity: 2 }],
    paymentMethod: 'cash',
  };
  const who = people.map(({ email, role }) => `  ${role.padEnd(8)} ${email}`).join('\n');
  return `
Sign in as one of these, with the password ${password} (made for this run):
${who}

  curl -s ${url}/api/auth/login -H 'Content-Type: application/json' -d '{"email":"${people[0]?.email}","password":"${password}"}'

Place an order (the token in it is the cashier's, good for 15 minutes):

  curl -s ${url}/api/shops/${shopId}/orders -H 'Authorization: Bearer ${accessToken}' -H 'Content-Type: application/json' -d '${JSON.stringify(order)}'`;
}

function setupGreeting(url: string, token: string): string {
  const body = {
    setupToken: token,
    name: 'Your name',
    email: 'you@example.com',
    // Too short for one: whoever sends this line as it stands gets no password that everybody knows, but is told the rule.
    password: 'your own',
    shop: { name: 'Your shop', code: 'SHOP', currency: 'INR', timezone: 'Asia/Kolkata' },
  };
  return `
Nothing is set up yet. Run "smoocho init", or make the owner with this setup token, which works once and for a day:

  ${token}

  curl -s ${url}/api/auth/register -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
