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
import { isEverywhere, lanAddresses } from './lan-addresses.ts';
import { drawQr, fitsQr } from './output/qr.ts';
import { configuredAddress, deviceUrls, ownUrl } from './server-address.ts';

/** Where the server listens. */
type Listening = { host: string; port: number; https: HttpsPort };

type Greeting = { server: Listening; https: Https; workers: number; demo: Demo | undefined };

/** Says where the server is to be found, to people and to programs, and what to do first. */
export async function greet(
  shell: Shell,
  app: App,
  { server, https, workers, demo }: Greeting,
): Promise<void> {
  const url = ownUrl(server);
  const urls = deviceUrls({ ...configuredAddress(app.config), ...server });
  const others = urls.filter((each) => each !== url);
  const isStandby = app.standby.state().isStandbySince !== null;
  const setupToken =
    demo || isStandby || (await isClaimed(app.orm.em.fork()))
      ? null
      : await issueSetupToken({ app, em: app.orm.em.fork() });
  shell.say(`Smoocho is running at ${url}${workers > 1 ? `, with ${workers} workers` : ''}`);
  shell.say(
    ...others.map(
      (each) => `Tills${isBehindProxy(app.config) ? ', through the proxy' : ' on this network'}: ${each}`,
    ),
  );
  const { secure, problem } = secureGreeting(app.config, server, https);
  // Through a proxy its address is the one that is meant.
  if (secure && !(isBehindProxy(app.config) && others.length > 0)) shell.say(...httpsLines(secure));
  if (problem) shell.warn(problem);
  if (isStandby) shell.warn(STANDBY);
  if (app.config.metricsProblem) shell.warn(app.config.metricsProblem);
  if (demo) shell.show(demoGreeting(url, demo));
  // Behind a proxy this machine's own address may be that of a container.
  const urlsToOpen = isBehindProxy(app.config) && others.length > 0 ? others : [url, ...others];
  const setupUrls = setupToken ? urlsToOpen.map((each) => `${each}/set-up#${setupToken}`) : [];
  if (setupToken) shell.show(setupGreeting(setupUrls));
  showQr(shell, setupUrls[1] ?? setupUrls[0] ?? urls[0]);
  shell.say('', 'Stop it with Ctrl-C.');
  shell.give({
    url,
    urls,
    port: server.port,
    pid: process.pid,
    workers,
    home: app.config.home,
    setupToken,
    setupUrl: setupUrls[0] ?? null,
    https: secure ?? null,
    httpsProblem: problem ?? null,
    demo: demo ?? null,
  });
}

const STANDBY =
  'The database in DATABASE_URL is a standby, which takes no changes: nothing can be sold until it is promoted. Smoocho goes on by itself then.';

const isBehindProxy = ({ edge }: Config) => edge.trustedProxies.length > 0;

/** Behind a proxy, such as in containers, this machine's own addresses lead nowhere. */
const reachableAddresses = (config: Config, server: Listening) =>
  isBehindProxy(config) ? [] : lanAddresses(server);

/** To open it on a phone: the set-up link, or the server's first page. */
export function showQr(
  shell: Pick<Shell, 'isInteractive' | 'isQuiet' | 'say'>,
  url: string | undefined,
): void {
  const { columns, rows } = process.stdout;
  if (!url || !shell.isInteractive || shell.isQuiet || !fitsQr(url, { columns, rows })) return;
  shell.say('', 'On a phone or a tablet, scan this to open it:', '');
  // With colours, which `show` would take for somebody's mischief.
  process.stdout.write(`${drawQr(url)}\n`);
}

/** Where HTTPS is served, and what is wrong with it, if anything. */
function secureGreeting(
  config: Config,
  server: Listening,
  { certificates, problem }: Https,
): { secure?: HttpsGreeting; problem?: string | undefined } {
  if (!server.https || !certificates) return { problem };
  if ('error' in server.https) return { problem: httpsProblem(config, server.https.error) };
  const { port } = server.https;
  const secure = httpsGreeting(certificates, {
    port,
    plainPort: server.port,
    lan: reachableAddresses(config, server),
    own: isEverywhere(server.host) ? 'localhost' : server.host,
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

/** The token stands behind the #: browsers send that to nobody. */
const setupGreeting = (links: string[]) => `
Nothing is set up yet. Run "smoocho init", or open this link in a browser; it makes the shop and its owner, works once, and
for a day${links.length > 1 ? ' (the first on this machine, any other on another device)' : ''}:

${links.map((link) => `  ${link}`).join('\n')}`;
