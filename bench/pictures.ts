import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { photo } from '../test/support/pictures.ts';
import { median, percentile, root, smoocho, startSmoocho, withHome } from './support.ts';

const PICTURES = 500;
/** The size of a photo after a phone's app has reduced it. */
const SIZE = { width: 1600, height: 1200 };
const RUNS = 5;
/** A till's browser opens six connections, and a few tills load their menus at the same time. */
const CONNECTIONS = 12;
/** How often each run loads the whole menu. */
const ROUNDS = 4;
const PASSWORD = 'correct horse battery';

/** Imports pictures for a whole menu from a folder and serves them to tills, compared with a bare server of the same files. */
export async function benchPictures(): Promise<string[]> {
  return await withHome(async (home) => {
    const folder = join(home, 'photos');
    const megabytes = await makePhotos(folder);
    await makeShop(home);
    const imported = JSON.parse(await smoocho(home, 'import', 'images', folder, '--shop=PICS', '--json'));
    if (imported.changed !== PICTURES) throw new Error(`Only ${imported.changed} pictures came in.`);
    const rate = PICTURES / imported.seconds;
    const { ours, bare } = await serve(home);
    const ratio = median(ours.map(({ perSecond }, n) => perSecond / (bare[n] as Run).perSecond));
    return [
      `import of ${PICTURES} JPEGs of ${SIZE.width} × ${SIZE.height} (${megabytes.toFixed(0)} MB)   ${rate.toFixed(1)} pictures/s`,
      describe('smoocho start', ours),
      describe('bare node:http', bare),
      `smoocho serves ${(ratio * 100).toFixed(0)} % of what the bare server does, median of ${RUNS} runs side by side   (aim: 50 % or more)`,
    ];
  });
}

type Run = { perSecond: number; firstByteMs: number[] };

const describe = (name: string, runs: Run[]): string => {
  const times = runs.flatMap(({ firstByteMs }) => firstByteMs);
  const perSecond = median(runs.map((run) => run.perSecond));
  const [p50, p99] = [percentile(times, 50), percentile(times, 99)];
  return `${name.padEnd(16)} ${perSecond.toFixed(0).padStart(6)} pictures/s, first byte p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${CONNECTIONS} connections`;
};

async function makePhotos(folder: string): Promise<number> {
  mkdirSync(folder);
  for (let n = 0; n < PICTURES; n += 1) {
    const bytes = await photo(SIZE.width, SIZE.height, n).jpeg({ quality: 85 }).toBuffer();
    writeFileSync(join(folder, `P${n}.jpg`), bytes);
  }
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 1e6;
}

async function makeShop(home: string): Promise<void> {
  const password = join(home, 'password.txt');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const shop = ['--shop-name=Pictures', '--shop-code=PICS', '--currency=USD', '--timezone=America/New_York'];
  const owner = ['--owner-name=Mario', '--owner-email=mario@example.com', `--password-file=${password}`];
  await smoocho(home, 'init', '--yes', ...shop, ...owner);
  const menu = join(home, 'menu.csv');
  const rows = Array.from({ length: PICTURES }, (_, n) => `P${n},Product ${n},1.00`);
  writeFileSync(menu, ['sku,product,price', ...rows].join('\n'));
  await smoocho(home, 'import', 'products', menu, '--shop=PICS');
}

async function serve(home: string): Promise<{ ours: Run[]; bare: Run[] }> {
  const server = await startSmoocho(home, '--host=127.0.0.1');
  const files = spawn(process.execPath, [join(root, 'bench', 'files-server.ts'), join(home, 'images')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url } = server.ready;
    const paths = await menuOf(url);
    const bareUrl = `http://127.0.0.1:${await portOf(files)}`;
    for (const each of [url, bareUrl]) await load(each, paths);
    const [ours, bare]: [Run[], Run[]] = [[], []];
    for (let run = 0; run < RUNS; run += 1) {
      ours.push(await load(url, paths));
      bare.push(await load(bareUrl, paths));
    }
    return { ours, bare };
  } finally {
    files.kill();
    await server.stop();
  }
}

async function portOf({ stdout }: ChildProcess): Promise<number> {
  const [line] = await once(stdout as NodeJS.ReadableStream, 'data');
  return JSON.parse(String(line)).port;
}

/** Lists the URLs of all pictures, as a till gets them. */
async function menuOf(url: string): Promise<string[]> {
  const login = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'mario@example.com', password: PASSWORD }),
  });
  const { accessToken, shops } = (await login.json()) as { accessToken: string; shops: { id: string }[] };
  const paths: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await fetch(
      `${url}/api/shops/${shops[0]?.id}/products?limit=200${cursor && `&cursor=${cursor}`}`,
      {
        headers: { authorization: `Bearer ${accessToken}` },
      },
    );
    const { data, nextCursor } = (await page.json()) as {
      data: { imageUrl: string }[];
      nextCursor: string | null;
    };
    paths.push(...data.map(({ imageUrl }) => imageUrl));
    cursor = nextCursor;
  }
  return paths;
}

async function load(url: string, paths: string[]): Promise<Run> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const waiting = Array.from({ length: ROUNDS }, () => paths)
    .flat()
    .values();
  const firstByteMs: number[] = [];
  const begun = performance.now();
  const lane = async () => {
    for (const path of waiting) firstByteMs.push(await firstByte(agent, url, path));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const seconds = (performance.now() - begun) / 1000;
  agent.destroy();
  return { perSecond: (ROUNDS * paths.length) / seconds, firstByteMs };
}

/** Downloads a picture; resolves with the time to its first byte. */
function firstByte(agent: Agent, url: string, path: string): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    get(`${url}${path}`, { agent }, (response) => {
      let ms = 0;
      if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
      response.once('data', () => {
        ms = performance.now() - begun;
      });
      response.on('data', () => {});
      response.once('end', () => resolve(ms));
      response.once('error', reject);
    }).once('error', reject);
  });
}
