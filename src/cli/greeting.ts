import { randomUUID } from 'node:crypto';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import { isClaimed, issueSetupToken } from '../core/shops/claim-installation.ts';
import type { Shell } from './command.ts';
import type { Demo } from './demo.ts';
import {
  type Https,
  type HttpsGreeting,
  type HttpsPort,
  httpsGreeting,
  httpsLines,
  httpsProblem,
  uncoveredProblem,
} from './https.ts';
import { lanAddresses, urlOf } from './lan-addresses.ts';

/** Where the server listens. */
type Listening = { host: string; port: number; https: HttpsPort };

type Greeting = { server: Listening; https: Https; workers: number; demo: Demo | undefined };

/** Says where the server is to be found, to people and to programs, and what to do first. */
export async function greet(
  shell: Shell,
  app: App,
  { server, https, workers, demo }: Greeting,
): Promise<void> {
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
const reachableAddresses = (config: Config, server: Listening) =>
  isBehindProxy(config) ? [] : lanAddresses(server);

/** Where tills reach it. */
function tillLines(config: Config, server: Listening): string[] {
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
  server: Listening,
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
    // Too short on purpose: the line as printed is refused with the password rule, and sets no password that everybody knows.
    password: 'your own',
    shop: { name: 'Your shop', code: 'SHOP', currency: 'INR', timezone: 'Asia/Kolkata' },
  };
  return `
Nothing is set up yet. Run "smoocho init", or make the owner with this setup token, which works once and for a day:

  ${token}

  curl -s ${url}/api/auth/register -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
