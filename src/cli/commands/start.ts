import {
  AnotherServerError,
  type App,
  createApp,
  createLog,
  holdServerLock,
  systemContext,
} from '../../app.ts';
import { hasLostSettings, replaceLostSettings } from '../../backup/lost-settings.ts';
import { type Schedule, startSchedule } from '../../backup/schedule.ts';
import { ensureBackupSettings } from '../../backup/settings.ts';
import { type Config, ConfigError, demoHome, loadConfig, withoutRealShop } from '../../config.ts';
import { watchClock } from '../../core/clock/watch-clock.ts';
import { watchDisk } from '../../core/disk/watch-disk.ts';
import { keepCounts } from '../../server/metrics/counts.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import { keepServerFile } from '../../server-file.ts';
import type { Command, Shell } from '../command.ts';
import { prepareDemo } from '../demo.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { gatherFromWorkers } from '../gather.ts';
import { greet } from '../greeting.ts';
import { type Https, openHttps } from '../https.ts';
import { offerSetUp } from '../init/wizard.ts';
import { endQuestions } from '../interrupt.ts';
import { requireNoneRunning } from '../require-none-running.ts';
import { reportState } from '../service/report-state.ts';
import { exitSoon, untilStopped } from '../stopping.ts';
import { upgradeSchema } from '../upgrade-schema.ts';
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
    requireNoneRunning(config, options.demo === true);
    // What is being made is finished first; a question waits for nobody.
    void stopped.then(endQuestions);
    if (shell.isInteractive && !options.demo && !(await offerSetUp(shell, config))) return undefined;
    const isLost = hasLostSettings(config.home);
    const log = createLog(config);
    await upgradeSchema(shell, config, options.withoutBackup === true || options.demo === true, log);
    const app = await createApp(config, { migrate: true, log });
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
        : serve(app, config, https).catch(options.demo ? explainDemo : null));
      if (typeof server === 'number') return server;
      const watches = [
        keepServerFile(app, server),
        watchDisk(() => systemContext(app, 'disk'), app.disk),
        watchClock(() => systemContext(app, 'clock')),
      ];
      const supervisor = reportState(config.supervisor, (reason) =>
        app.log.warn({ reason }, 'systemd could not be told how the server is'),
      );
      let schedule: Schedule | undefined;
      try {
        const demo = options.demo ? await prepareDemo(app) : undefined;
        if (!options.demo) await setNightlyBackup(shell, app, isLost);
        await greet(shell, app, { server, https, workers, demo });
        // A demo needs no backups.
        if (!options.demo) schedule = startSchedule(app, { program: [program] });
        await supervisor.ready(`Serving on port ${server.port}`);
        await stopped;
        shell.say('', 'Stopping …');
      } finally {
        supervisor.close();
        await Promise.all([
          supervisor.stopping(),
          ...[server, schedule, ...watches].map((each) => each?.close()),
        ]);
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
async function setNightlyBackup(
  shell: Shell,
  { config: { home }, orm }: App,
  isLost: boolean,
): Promise<void> {
  try {
    const loss = isLost ? await replaceLostSettings(home, orm.em.fork()) : null;
    if (loss !== null) shell.warn(loss);
    ensureBackupSettings(home);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    shell.warn(`No backup is made by itself: ${error.message}`);
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
      EADDRINUSE: `Port ${config.port} is taken by another program. See which program it is: sudo ss -ltnp 'sport = :${config.port}', or choose another port: smoocho start --port ${config.port + 1}`,
      EACCES: `Port ${config.port} may only be used by root. Choose one above 1023: smoocho start --port 8080`,
      ENOTFOUND: nowhere(config),
      EAI_AGAIN: nowhere(config),
      EINVAL: nowhere(config),
      EADDRNOTAVAIL: `${config.host} is not an address of this machine. Use --host 0.0.0.0 or 127.0.0.1.`,
    };
    const reason = reasons[code ?? ''];
    // EAI_AGAIN may pass: systemd tries again, and takes a wrong setting for final.
    if (code === 'ENOTFOUND') throw new ConfigError(nowhere(config));
    throw reason ? new Error(reason) : error;
  }
}

const nowhere = ({ host }: Config) =>
  `The host ${JSON.stringify(host)} is no address of this machine, and no name that leads to one. Use 0.0.0.0 for all of its addresses, or 127.0.0.1.`;

/** A second demo on the same home meets the first one's database. Nothing of the first one was changed. */
const explainDemo = (error: unknown): never => {
  if (!(error instanceof AnotherServerError)) throw error;
  throw new RefusedError(
    'The demo runs already: open the address that its window shows, or stop it there with Ctrl-C. For a second one beside it name another folder, such as --home /tmp/second-demo.',
  );
};
