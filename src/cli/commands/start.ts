import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type App, createApp } from '../../app.ts';
import { type Config, demoHome, loadConfig } from '../../config.ts';
import { isClaimed, issueSetupToken } from '../../core/shops/claim-installation.ts';
import { type RunningServer, startServer } from '../../server/server.ts';
import { askSetUp } from '../ask-set-up.ts';
import type { Command, Shell } from '../command.ts';
import { type Demo, prepareDemo } from '../demo.ts';
import { UsageError } from '../exit-codes.ts';
import { lanAddresses } from '../lan-addresses.ts';
import { setUp } from '../set-up.ts';

export const start: Command = {
  name: 'start',
  summary: 'Serve the tills, until Ctrl-C',
  options: [
    { flags: '--demo', description: 'a dessert parlour to try things on, apart from your own shop' },
    { flags: '--port <number>', description: 'default 8080' },
    { flags: '--host <address>', description: 'default 0.0.0.0, all of this network; the demo: 127.0.0.1' },
  ],
  example: 'smoocho start --demo --port 8080',
  async run(shell, options) {
    const config = startConfig(shell.config, options);
    // From the first moment: a signal during the start must not leave PostgreSQL behind.
    const stopped = untilStopped();
    if (shell.isInteractive && !options.demo && isFresh(config)) await setUp(config, askSetUp);
    const app = await createApp(config, { migrate: true });
    try {
      const server = await listen(app, config);
      const demo = options.demo ? await prepareDemo(app) : undefined;
      await greet(shell, app, server, demo);
      await stopped;
      shell.say('\nStopping …');
      await server.close();
    } finally {
      await app.close();
    }
    return undefined;
  },
};

function startConfig(config: Config, { port, host, demo }: Record<string, unknown>): Config {
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && !(Number.isInteger(number) && number >= 0 && number <= 65_535)) {
    throw new UsageError('--port is not a number from 0 to 65535.');
  }
  if (!demo) return loadConfig({ home: config.home, port: number, host: host as string | undefined });
  // The demo is for whoever tries it on this machine, not for the network.
  const own = { home: demoHome(config.home), outerHome: config.home };
  const address = { port: number, host: (host as string | undefined) ?? '127.0.0.1' };
  return { ...loadConfig({ ...own, ...address }), databaseUrl: undefined };
}

/** Nothing is here yet: no cluster of our own, and no database named. */
const isFresh = (config: Config) => !config.databaseUrl && !existsSync(join(config.home, 'postgres'));

async function listen(app: App, config: Config): Promise<RunningServer> {
  try {
    return await startServer(app, config.host, config.port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      EADDRINUSE: `Port ${config.port} is taken by another program. Choose another: smoocho start --port ${config.port + 1}`,
      EACCES: `Port ${config.port} may only be used by root. Choose one above 1023, such as --port 8080.`,
      EADDRNOTAVAIL: `${config.host} is not an address of this machine. Use --host 0.0.0.0 or 127.0.0.1.`,
    };
    throw new Error(reasons[code ?? ''] ?? `The server can't listen: ${(error as Error).message}`);
  }
}

async function greet(shell: Shell, app: App, server: RunningServer, demo: Demo | undefined): Promise<void> {
  const url = `http://${server.host === '0.0.0.0' || server.host === '::' ? 'localhost' : server.host}:${server.port}`;
  const setupToken =
    demo || (await isClaimed(app.orm.em.fork()))
      ? null
      : await issueSetupToken({ app, em: app.orm.em.fork() });
  shell.say(`Smoocho is running at ${url}`);
  for (const address of lanAddresses(server))
    shell.say(`Tills on this network: http://${address}:${server.port}`);
  if (demo) shell.say(demoGreeting(url, demo));
  if (setupToken) shell.say(setupGreeting(url, setupToken));
  shell.say('\nStop it with Ctrl-C.');
  shell.give({
    url,
    port: server.port,
    pid: process.pid,
    home: app.config.home,
    setupToken,
    demo: demo ?? null,
  });
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
    password: 'at least 12 characters',
    shop: { name: 'Your shop', code: 'SHOP', currency: 'INR', timezone: 'Asia/Kolkata' },
  };
  return `
Nothing is set up yet. Run "smoocho init", or make the owner with this setup token, which works once and for a day:

  ${token}

  curl -s ${url}/api/auth/register -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}

async function untilStopped(): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
