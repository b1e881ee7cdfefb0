import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pngOf } from '../test/support/pictures.ts';

/**
 * Holds a running server against its own OpenAPI document with schemathesis (Python): every operation, all checks. It brings
 * a shop of its own in an empty folder, and takes it away again.
 */
const VERSION = '4.32.5';
const root = fileURLToPath(new URL('..', import.meta.url));
const venv = join(root, 'node_modules', '.cache', `schemathesis-${VERSION}`);
const inVenv = (name: string) => join(venv, 'bin', name);
const launcher = join(root, 'bin', 'smoocho.js');

/** Seconds that it may take; SCHEMATHESIS_SECONDS=600 makes it an evening's. */
const SECONDS = Number(process.env.SCHEMATHESIS_SECONDS ?? 90);
const START_TIMEOUT_MS = 60_000;
/** Whether it may be missing, and whether it is only fetched; all others are schemathesis's. */
const OWN_OPTIONS = ['--if-there', '--only-install'];
/** In less, not every operation gets its turn: whoever gives it so little means something else. */
const ENOUGH_SECONDS = 20;

class Unavailable extends Error {}

/** Installs it once, in a folder that is thrown away with node_modules. Throws Unavailable. */
function install(): void {
  if (existsSync(inVenv('schemathesis'))) return;
  const python = ['python3.13', 'python3.12', 'python3.11', 'python3'].find(
    (name) => spawnSync(name, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))']).status === 0,
  );
  if (!python) throw new Unavailable('There is no Python 3.10 or newer with venv on this machine.');
  rmSync(venv, { recursive: true, force: true });
  const made = spawnSync(python, ['-m', 'venv', venv], { encoding: 'utf8' });
  if (made.status !== 0) throw new Unavailable(`${python} can't make a venv: ${lastLine(made.stderr)}`);
  const pip = ['install', '--quiet', '--disable-pip-version-check', '--retries=1', '--timeout=15'];
  const installed = spawnSync(inVenv('pip'), [...pip, `schemathesis==${VERSION}`], { encoding: 'utf8' });
  if (installed.status === 0) return;
  rmSync(venv, { recursive: true, force: true });
  throw new Unavailable(`pip can't install schemathesis ${VERSION}: ${lastLine(installed.stderr)}`);
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

type Shop = { url: string; email: string; password: string; parameters: Record<string, string> };

async function startServer(home: string): Promise<{ server: ChildProcess; shop: Shop }> {
  const password = randomBytes(16).toString('base64url');
  const email = 'owner@example.com';
  const env = {
    ...process.env,
    ...{ SMOOCHO_HOME: home, DATABASE_URL: '', REDIS_URL: '', LOG_LEVEL: 'error' },
    ...{ REQUESTS_PER_SECOND: '100000', CONNECTIONS_PER_ADDRESS: '100000' },
  };
  const options = ['--yes', '--shop-name=Kulfi Corner', '--shop-code=KULF', '--currency=INR'];
  const who = ['--timezone=Asia/Kolkata', '--owner-name=Asha', `--owner-email=${email}`, '--password-stdin'];
  const init = spawnSync(process.execPath, [launcher, 'init', ...options, ...who], {
    env,
    input: password,
    encoding: 'utf8',
  });
  if (init.status !== 0) throw new Error(`The shop could not be set up: ${init.stderr}`);
  const args = [launcher, 'start', '--port=0', '--host=127.0.0.1', '--json'];
  const server = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await addressOf(server);
  return { server, shop: { url, email, password, parameters: await furnish(url, email, password) } };
}

/** The server's greeting is one JSON value. */
async function addressOf(server: ChildProcess): Promise<string> {
  let text = '';
  const late = setTimeout(() => server.kill(), START_TIMEOUT_MS);
  for await (const chunk of server.stdout as AsyncIterable<Buffer>) {
    text += chunk;
    const url = /"url": "([^"]+)"/.exec(text)?.[1];
    if (!url) continue;
    clearTimeout(late);
    return url;
  }
  throw new Error(`The server did not start: ${text}`);
}

/** Something of everything, so that ids in paths name what there is. */
async function furnish(url: string, email: string, password: string): Promise<Record<string, string>> {
  let token = '';
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape, of which an id is taken
  const post = async (path: string, body: unknown): Promise<any> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const { accessToken, shops } = await post('/api/auth/login', { email, password });
  token = accessToken;
  const shopId = shops[0].id as string;
  const shop = `/api/shops/${shopId}`;
  const person = { email: 'ravi@example.com', name: 'Ravi', role: 'cashier', password };
  const item = await post(`${shop}/inventory`, { name: 'Milk', unit: 'litre', quantity: 1000 });
  const recipe = [{ inventoryItemId: item.id, quantity: '0.1' }];
  const product = await post(`${shop}/products`, { name: 'Kulfi', price: '50', recipe });
  const image = await givePicture(`${url}${shop}/products/${product.id}/image`, token);
  const order = await post(`${shop}/orders`, {
    id: crypto.randomUUID(),
    items: [{ productId: product.id, quantity: 2 }],
    customerPhone: '98765 43210',
    customerName: 'Meera',
    payLater: true,
  });
  const shift = await post(`${shop}/shifts`, { id: crypto.randomUUID(), openingFloat: '100' });
  const { code } = await post(`${shop}/devices`, { name: 'Till' });
  const { device } = await post('/api/devices/pair', { code });
  const user = await post(`${shop}/users`, person);
  return {
    shopId,
    itemId: item.id,
    productId: product.id,
    orderId: order.id,
    customerId: order.customerId,
    shiftId: shift.id,
    deviceId: device.id,
    userId: user.id,
    ...image,
  };
}

/** Uploads a product picture; returns the two parts of its URL that no schema can generate. */
async function givePicture(url: string, token: string): Promise<{ key: string; s: string }> {
  const body = new Uint8Array(pngOf());
  const headers = { 'content-type': 'image/png', authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'PUT', headers, body });
  if (!response.ok) throw new Error(`The picture: ${response.status} ${await response.text()}`);
  const { imageUrl } = (await response.json()) as { imageUrl: string };
  const [, key = '', s = ''] = /\/([^/]+)\?s=(.*)$/.exec(imageUrl) ?? [];
  return { key, s };
}

/** What the schemas can't say, and so what schemathesis can't know. */
const configOf = (parameters: Record<string, string>) => `
[parameters]
${Object.entries(parameters)
  .map(([name, id]) => `"${name === 's' ? 'query' : 'path'}.${name}" = "${id}"`)
  .join('\n')}

[checks.positive_data_acceptance]
# A body may be right in each of its fields and yet not be: a time zone that there is none of, a payment that is too small, bytes
# that are no picture (415).
expected-statuses = ["2xx", 304, 401, 403, 404, 409, 415, 422, 429]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 413, 415, 422, 429]
`;

/** What it does, and with which part of the time. */
const parts: {
  phases: string;
  share: number;
  /** Whether it goes through all operations, and not where answers lead it. */
  reachesAll: boolean;
  fixed: (parameters: Record<string, string>) => Record<string, string>;
}[] = [
  { phases: 'examples,coverage,fuzzing', share: 0.75, reachesAll: true, fixed: (parameters) => parameters },
  // Follows what an answer leads to, such as a product that was made: only the shop is told.
  { phases: 'stateful', share: 0.25, reachesAll: false, fixed: ({ shopId = '' }) => ({ shopId }) },
];

async function check(folder: string, shop: Shop): Promise<number> {
  const codes: number[] = [];
  for (const { phases, share, fixed, reachesAll } of parts) {
    const config = join(folder, 'schemathesis.toml');
    writeFileSync(config, configOf(fixed(shop.parameters)));
    const seconds = Math.ceil(SECONDS * share);
    const report = join(folder, `${codes.length}.ndjson`);
    const options = [
      '--checks=all',
      `--report-ndjson-path=${report}`,
      `--phases=${phases}`,
      `--max-time=${seconds}`,
      '--workers=2',
      '--no-color',
    ];
    const more = process.argv.slice(2).filter((argument) => !OWN_OPTIONS.includes(argument));
    codes.push(
      await runIn(
        folder,
        ['--config-file', config, 'run', `${shop.url}/api/openapi.json`, ...options, ...more],
        shop,
      ),
    );
    // Without a report it never began, and has said why.
    if (reachesAll && SECONDS >= ENOUGH_SECONDS && existsSync(report))
      codes.push(await checkReach(shop.url, report));
  }
  return Math.max(...codes);
}

type Line = {
  LoadingFinished?: { statistic: { operations: { selected: number; total: number } } };
  ScenarioFinished?: { recorder: { label: string; cases?: Record<string, unknown> } };
};

/** Whether every operation had a request: one that its time did not suffice for would pass unnoticed. 1 if not. */
async function checkReach(url: string, report: string): Promise<number> {
  const { paths } = (await (await fetch(`${url}/api/openapi.json`)).json()) as { paths: object };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const lines = readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const counts = lines.find((line) => line.LoadingFinished)?.LoadingFinished?.statistic.operations;
  // Who names some operations wants no others.
  if (counts && counts.selected < counts.total) return 0;
  const reached = new Set(
    lines
      .flatMap(({ ScenarioFinished: scenario }) => (scenario ? [scenario.recorder] : []))
      .filter(({ cases }) => Object.keys(cases ?? {}).length > 0)
      .map(({ label }) => label),
  );
  const missed = operations.filter((operation) => !reached.has(operation));
  if (missed.length === 0) {
    console.log(`Each of ${operations.length} operations had requests.`);
    return 0;
  }
  console.error(
    `${missed.length} of ${operations.length} operations had no request in ${SECONDS} s: ${missed.join(', ')}. Give it more time with SCHEMATHESIS_SECONDS.`,
  );
  return 1;
}

async function runIn(folder: string, args: string[], shop: Shop): Promise<number> {
  const child = spawn(inVenv('schemathesis'), args, {
    cwd: folder,
    stdio: 'inherit',
    env: {
      ...process.env,
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: join(root, 'test', 'schemathesis'),
      PYTHONDONTWRITEBYTECODE: '1',
      SMOOCHO_URL: shop.url,
      SMOOCHO_EMAIL: shop.email,
      SMOOCHO_PASSWORD: shop.password,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function run(): Promise<number> {
  install();
  if (process.argv.includes('--only-install')) return 0;
  const folder = mkdtempSync(join(tmpdir(), 'smoocho-schemathesis-'));
  // PostgreSQL's own user has to get through.
  chmodSync(folder, 0o755);
  let server: ChildProcess | undefined;
  try {
    const started = await startServer(join(folder, 'home'));
    server = started.server;
    return await check(folder, started.shop);
  } finally {
    if (server && server.exitCode === null) {
      server.kill();
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

try {
  process.exitCode = await run();
} catch (error) {
  const isPassedOver = error instanceof Unavailable && process.argv.includes('--if-there');
  console.error(isPassedOver ? `schemathesis is passed over: ${error.message}` : (error as Error).message);
  process.exitCode = isPassedOver ? 0 : 1;
}
