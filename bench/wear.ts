import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createApp, withClient } from '../src/app.ts';
import { loadConfig } from '../src/config.ts';
import { type Device, signInDevice } from './device.ts';
import { CASHIER, makeShop, PASSWORD } from './sizing-shop.ts';
import { type Running, sleep, smoocho, startSmoocho, withHome } from './support.ts';

const DEVICES = 10;
const SECONDS_PER_ORDER = 20;
/** Longer than two checkpoints of PostgreSQL: after each one, a page is written to the log whole when it changes first. */
const MINUTES = Number(process.env.WEAR_MINUTES ?? 11);
const IDLE_MINUTES = Number(process.env.WEAR_IDLE_MINUTES ?? 6);
/** Of PostgreSQL, to see what they do: WEAR_SETTINGS='wal_compression = on; checkpoint_timeout = 900'. */
const SETTINGS = (process.env.WEAR_SETTINGS ?? '').split(';').filter((setting) => setting.trim() !== '');
/** For what setting up left to write. */
const SETTLE_MS = 10_000;
const DISK_BYTES = 3_000_000_000;
/** What Linux counts in, whatever the disk has. */
const SECTOR_BYTES = 512;

/**
 * What a shop writes to its disk in a rush and when nothing happens, for disks that wear out by it. The home is on a disk of its
 * own (ext4 on a loop device): the kernel counts what is written to that one alone. Needs root on Linux.
 */
export async function benchWear(): Promise<string[]> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return ['skipped: only root on Linux can make a disk of its own'];
  return await withHome(async (folder) => {
    const home = join(folder, 'disk');
    const written = mountDisk(join(folder, 'disk.img'), home);
    try {
      await makeShop(home);
      // The ones of the night that a new shop has missed would run within ten minutes: they are counted by themselves.
      await smoocho(home, 'backup', 'schedule', '--off');
      return await measure(home, written);
    } finally {
      execFileSync('umount', ['-l', home]);
    }
  });
}

/** Mounts a disk of its own at `home`; returns how to read what was written to it so far, in bytes. */
function mountDisk(image: string, home: string): () => number {
  mkdirSync(home);
  writeFileSync(image, '');
  truncateSync(image, DISK_BYTES);
  // Nothing may be left for later, or it would count.
  execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
  execFileSync('mount', ['-o', 'loop,noatime', image, home]);
  chmodSync(home, 0o755);
  const device = execFileSync('findmnt', ['-no', 'SOURCE', home], { encoding: 'utf8' }).trim();
  return () => {
    // What waits in memory would be written a moment later.
    execFileSync('sync', ['-f', home]);
    const figures = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
      .trim()
      .split(/\s+/);
    return Number(figures[6]) * SECTOR_BYTES;
  };
}

async function measure(home: string, written: () => number): Promise<string[]> {
  const server = await startSmoocho(home, '--host=127.0.0.1');
  const devices: Device[] = [];
  // What PostgreSQL holds back would be written by a checkpoint within five minutes.
  const checkpoint = () => onDatabase(home, 'CHECKPOINT');
  const during = async (work: () => Promise<unknown>) => {
    await checkpoint();
    const before = written();
    await work();
    await checkpoint();
    return written() - before;
  };
  try {
    for (const setting of SETTINGS)
      await onDatabase(home, `ALTER SYSTEM SET ${setting}`, 'SELECT pg_reload_conf()');
    await connect(server, devices);
    const idle = await during(() => sleep(IDLE_MINUTES * 60_000));
    // An access token is good for a quarter of an hour.
    for (const device of devices.splice(0)) device.close();
    await connect(server, devices);
    let orders = 0;
    const busy = await during(async () => {
      orders = await rush(devices);
    });
    const backup = await during(() => smoocho(home, 'backup', 'create'));
    const trial = await during(() => smoocho(home, 'backup', 'verify', '--latest', '--deep'));
    return [
      `idle, ${DEVICES} devices connected        ${((idle * 60) / IDLE_MINUTES / 1e6).toFixed(2)} MB written an hour`,
      `${orders} orders in ${MINUTES} min           ${(busy / orders / 1000).toFixed(1)} KB written an order`,
      `a backup of them                   ${(backup / 1e6).toFixed(1)} MB`,
      `a trial restore of it              ${(trial / 1e6).toFixed(1)} MB`,
    ];
  } finally {
    for (const device of devices) device.close();
    await server.stop();
  }
}

async function onDatabase(home: string, ...statements: string[]): Promise<void> {
  const app = await createApp(loadConfig({ home }, {}));
  try {
    await withClient(app.databaseUrl, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  } finally {
    await app.close();
  }
}

async function connect(server: Running, devices: Device[]): Promise<void> {
  while (devices.length < DEVICES) devices.push(await signInDevice(server.ready.url, CASHIER, PASSWORD));
  for (const device of devices) await device.load();
  for (const device of devices) await device.follow();
  await sleep(SETTLE_MS);
}

async function rush(devices: Device[]): Promise<number> {
  const end = performance.now() + MINUTES * 60_000;
  let orders = 0;
  const sell = async (device: Device, n: number) => {
    await sleep((n / devices.length) * SECONDS_PER_ORDER * 1000);
    while (performance.now() < end) {
      const begun = performance.now();
      await device.sell();
      orders += 1;
      await sleep(Math.max(0, begun + SECONDS_PER_ORDER * 1000 - performance.now()));
    }
  };
  await Promise.all(devices.map(sell));
  return orders;
}
