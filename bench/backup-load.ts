import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createApp } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { CLONE_SHOPS } from './clone-shops.ts';
import { type Delays, postOrders, show, summary, type Till } from './post-orders.ts';
import { median, root, smoocho, startSmoocho, withHome } from './support.ts';

/** The load of ten busy tills. */
const PER_SECOND = 50;
const SECONDS = 15;
const RUNS = 5;
/** 583,440 order lines: a backup takes about as long as one measurement. */
const SHOPS = 12;
const PASSWORD = 'correct horse battery';
const EMAIL = 'mario@example.com';

/** Measures order latency while backups run, alternating with runs without a backup. */
export async function benchBackupLoad(): Promise<string[]> {
  return await withHome(async (home) => {
    await prepare(home);
    const server = await startSmoocho(home);
    try {
      const till = await signIn(server.ready.url);
      await postOrders(till, PER_SECOND, 5);
      const quiet: Delays[] = [];
      const busy: Delays[] = [];
      const counts: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        quiet.push(await measure(till));
        const backups = backUpUntilStopped(home);
        busy.push(await measure(till));
        counts.push(await backups.stop());
      }
      const ratios = busy.map(({ p99 }, run) => p99 / (quiet[run]?.p99 ?? 1));
      const middle = (runs: Delays[]) =>
        runs.toSorted((a, b) => a.p99 - b.p99)[Math.floor(RUNS / 2)] as Delays;
      return [
        `${PER_SECOND} sales/s, nothing else            ${show(middle(quiet))}`,
        `${PER_SECOND} sales/s, backups all the time    ${show(middle(busy))}   (${counts.join(', ')} backups in ${SECONDS} s)`,
        `ratio of the p99, median of ${RUNS}       ${median(ratios).toFixed(2)}   (aim: at most 2)`,
      ];
    } finally {
      await server.stop();
    }
  });
}

async function prepare(home: string): Promise<void> {
  const password = join(home, 'password.txt');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const names = ['--shop-name=Pizza', '--shop-code=PIZA', '--owner-name=Mario', `--owner-email=${EMAIL}`];
  const place = ['--currency=USD', '--timezone=America/New_York', `--password-file=${password}`];
  await smoocho(home, 'init', '--yes', ...names, ...place);
  await smoocho(home, 'import', 'sales', join(root, 'docs/data/pizza-sales-2015.csv.gz'), '--shop=PIZA');
  const app = await createApp(loadConfig({ home }, {}));
  const client = new Client({ connectionString: app.databaseUrl });
  await client.connect();
  await client.query(
    `SET synchronous_commit = off; ${CLONE_SHOPS}; SELECT pg_temp.clone_shops(${SHOPS - 1})`,
  );
  await client.query('VACUUM ANALYZE');
  await client.end();
  await app.close();
}

async function signIn(url: string): Promise<Till> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ email: EMAIL, password: PASSWORD });
  const login = await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body });
  const { accessToken: token, shops } = (await login.json()) as {
    accessToken: string;
    shops: { id: string; code: string }[];
  };
  const shopId = shops.find(({ code }) => code === 'PIZA')?.id as string;
  const authorization = `Bearer ${token}`;
  const products = await fetch(`${url}/api/shops/${shopId}/products?limit=200`, {
    headers: { authorization },
  });
  const { data } = (await products.json()) as { data: { id: string; variants: { id: string }[] }[] };
  const created = await fetch(`${url}/api/shops/${shopId}/products`, {
    method: 'POST',
    headers: { ...headers, authorization },
    body: JSON.stringify({ name: `Slice ${data.length}`, price: '3.50' }),
  });
  const { id: productId } = (await created.json()) as { id: string };
  return { url, shopId, productId, token };
}

const measure = async (till: Till): Promise<Delays> =>
  summary([...(await postOrders(till, PER_SECOND, SECONDS)).values()].map(({ tookMs }) => tookMs));

/** Makes backups one after another, each like a scheduled one: in a process of its own at a lower priority. */
function backUpUntilStopped(home: string) {
  let isStopped = false;
  let made = 0;
  const work = (async () => {
    while (!isStopped) {
      const args = [join(root, 'bin', 'smoocho.js'), 'backup', 'create', '--json'];
      const child = spawn(process.execPath, args, {
        env: { ...process.env, SMOOCHO_HOME: home, DATABASE_URL: '' },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      setPriority(child.pid as number, constants.priority.PRIORITY_BELOW_NORMAL);
      const [code] = await once(child, 'exit');
      if (code !== 0) throw new Error(`The backup ended with ${code}.`);
      made += 1;
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await work;
      return made;
    },
  };
}
