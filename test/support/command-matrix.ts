import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { createApp, systemContext } from '../../src/app.ts';
import type { Command } from '../../src/cli/command.ts';
import { loadConfig } from '../../src/config.ts';
import { NewOrder } from '../../src/contract/orders.ts';
import { parse } from '../../src/contract/parse.ts';
import { pageOfMenu } from '../../src/core/catalog/load-products.ts';
import { viewProduct } from '../../src/core/catalog/view-product.ts';
import { placeOrder } from '../../src/core/orders/place-order.ts';
import { findShopByCode } from '../../src/core/shops/find-shops.ts';
import { PASSWORD } from './cli.ts';
import { tempFolder } from './temp.ts';

export type CommandCase = { args: string[]; env: Record<string, string> };
export type CommandResult = { args: string[]; code: number; stdout: string; stderr: string };

const root = fileURLToPath(new URL('../..', import.meta.url));
const child = fileURLToPath(new URL('command-child.ts', import.meta.url));

/** The user of Debian's that has nothing of its own. */
const NOBODY = 65_534;

/** Who runs the commands: `uid` undefined is whoever runs the tests. */
export type Runner = { name: string; uid: number | undefined };

export const runners: Runner[] =
  process.getuid?.() === 0
    ? [
        { name: 'root', uid: undefined },
        { name: 'an ordinary user', uid: NOBODY },
      ]
    : [{ name: 'an ordinary user', uid: undefined }];

/** Runs command lines in one process without a terminal and with no environment at all, as `env -i` does. */
export async function runCommands(
  { uid }: Runner,
  cases: CommandCase[],
  cwd: string,
): Promise<CommandResult[]> {
  const ran = spawn(process.execPath, ['--no-warnings', child], {
    cwd,
    // The child takes it out again.
    env: compiledFor(uid),
    ...(uid !== undefined && { uid, gid: uid }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  ran.stdin.end(JSON.stringify(cases));
  const [stdout, stderr] = await Promise.all([text(ran.stdout), text(ran.stderr), once(ran, 'close')]);
  if (ran.exitCode !== 0) throw new Error(`It ended with ${ran.exitCode}: ${stderr}${stdout.slice(0, 2000)}`);
  return JSON.parse(stdout) as CommandResult[];
}

/** Where Node finds the program compiled, if this process knows such a place: a dozen children load all of it. */
function compiledFor(uid: number | undefined): Record<string, string> {
  const own = process.env.NODE_COMPILE_CACHE;
  if (!own || uid === undefined) return own ? { NODE_COMPILE_CACHE: own } : {};
  const folder = `${own}-${uid}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chownSync(folder, uid, uid);
  return { NODE_COMPILE_CACHE: folder };
}

/**
 * Runs command lines shared out among all runners, who run theirs at once; gives the results in the order of the lines. `turnOf` says
 * whose turn a line is: in two columns whose turns differ by one, root and an ordinary user have both run each command.
 */
export async function runInTurns<T>(
  lines: T[],
  turnOf: (line: T) => number,
  run: (runner: Runner, lines: T[]) => Promise<CommandResult[]>,
): Promise<CommandResult[]> {
  const theirs = runners.map((_, n) => lines.filter((line) => turnOf(line) % runners.length === n));
  const results = await Promise.all(runners.map((runner, n) => run(runner, theirs[n] as T[])));
  return lines.map((line) => {
    const n = turnOf(line) % runners.length;
    return results[n]?.[theirs[n]?.indexOf(line) ?? -1] as CommandResult;
  });
}

/** A folder with what the command lines name: a password, a picture, some sales. All of it the runner's own. */
export async function matrixFolder({ uid }: Runner): Promise<string> {
  const folder = tempFolder();
  const pictures = join(folder, 'pictures');
  for (const path of [pictures, join(folder, 'home'), join(folder, 'backups')])
    mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(folder, 'password.txt'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'pin.txt'), '4815\n', { mode: 0o600 });
  writeFileSync(
    join(folder, 'past.csv'),
    'order_id,date,time,sku,product,quantity,price\n1,2015-01-01,11:38:36,tea,Tea,2,1.50\n',
  );
  await sharp({ create: { width: 400, height: 300, channels: 3, background: '#c84' } })
    .png()
    .toFile(join(pictures, 'the_greek_l.png'));
  giveTo(uid, folder, [
    '',
    'pictures',
    'home',
    'backups',
    'password.txt',
    'pin.txt',
    'past.csv',
    'pictures/the_greek_l.png',
  ]);
  return folder;
}

/**
 * Sells something to the customer of the examples, as a till does: no command makes an order of today, or a customer. Returns the
 * order's number.
 */
export async function sellToday({ uid }: Runner, folder: string): Promise<string> {
  const home = join(folder, 'home');
  const app = await createApp(loadConfig({ home }, {}));
  try {
    const context = systemContext(app, 'cli');
    const { id } = await findShopByCode(context.em, 'PIZA');
    const menu = await pageOfMenu(context.em, id, { limit: 1, cursor: undefined });
    const [product] = menu.data.map((parts) => viewProduct(parts, app.keys));
    const [variant] = product?.variants ?? [];
    const body = parse(NewOrder, {
      id: randomUUID(),
      items: [{ productId: product?.id, ...(variant && { variantId: variant.id }), quantity: 1 }],
      customerPhone: '+1 212 555 0123',
      paymentMethod: 'cash',
    });
    const { order } = await placeOrder(context, id, body);
    return order.orderNumber;
  } finally {
    await app.close();
    giveTo(uid, home, readdirSync(home, { recursive: true, encoding: 'utf8' }));
  }
}

export function giveTo(uid: number | undefined, folder: string, names: string[]): void {
  if (uid === undefined) return;
  for (const name of names) chownSync(join(folder, name), uid, uid);
}

/** The words of an example as a shell would take them apart, from `smoocho` on. */
export function exampleArgs(example: string): string[] {
  const words = [...example.matchAll(/"([^"]*)"|'([^']*)'|([^\s()]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
  return words.slice(words.indexOf('smoocho') + 1);
}

/** Never run by its example, with the reason and where it is tried. */
export function notRunHere(name: string): string | undefined {
  if (name === 'start') return 'it serves until it is stopped: test/cli/start.test.ts';
  if (/^(service|upgrade)\b/.test(name)) return 'it changes the machine around the home: its own test';
  return undefined;
}

type Given = Record<string, (folder: string) => string[]>;

const password = (folder: string) => ['--password-file', join(folder, 'password.txt')];

/** What a command is given in the place of its example, or besides it, where the example names what a test has not. */
const instead: Given = {
  init: (folder) => [
    ...['--yes', '--shop-name', 'Pizza Place', '--shop-code', 'PIZA', '--currency', 'USD'],
    ...['--timezone', 'America/New_York', '--owner-name', 'Olga', '--owner-email', 'olga@example.com'],
    ...password(folder),
  ],
  'shop create': () => [
    '--name',
    'Kulfi',
    '--code',
    'KULF',
    '--currency',
    'INR',
    '--timezone',
    'Asia/Kolkata',
  ],
  'import products': () => [join(root, 'docs/data/pizza-menu.csv'), '--shop', 'PIZA'],
  'product set-image': (folder) => ['CHAI', join(folder, 'pictures', 'the_greek_l.png'), '--shop', 'PIZA'],
  'import images': (folder) => [join(folder, 'pictures'), '--shop', 'PIZA'],
  'import sales': (folder) => [join(folder, 'past.csv'), '--shop', 'PIZA'],
  'shift report': () => ['0190a000-0000-7000-8000-000000000001', '--shop', 'PIZA'],
  'device revoke': () => ['Terrace', '--shop', 'PIZA'],
  'audit verify': () => ['--shop', 'PIZA'],
  'images move': () => ['--to', 'filesystem'],
  'backup create': (folder) => ['--to', join(folder, 'backups')],
  'backup verify': (folder) => [join(folder, 'backups', 'one.smoocho')],
  'backup key create': (folder) => ['--out', join(folder, 'recovery-key.html')],
  restore: (folder) => [join(folder, 'backups', 'one.smoocho'), '--dry-run'],
};
const besides: Given = {
  'user create': password,
  'user reset-password': password,
  'user set-pin': (folder) => ['--pin-file', join(folder, 'pin.txt')],
};

/** A command line that does something: the command's example, in the folder of the test. */
export function argsOf({ name, example }: Pick<Command, 'name' | 'example'>, folder: string): string[] {
  const words = name.split(' ');
  const own = instead[name]?.(folder) ?? exampleArgs(example).slice(words.length);
  const args = [...words, ...own, ...(besides[name]?.(folder) ?? [])].filter((word) => word !== '--json');
  // Examples write into the folder in which they are typed.
  const out = args.indexOf('--out');
  return out < 0 ? args : args.with(out + 1, join(folder, args[out + 1]?.split('/').at(-1) ?? ''));
}
