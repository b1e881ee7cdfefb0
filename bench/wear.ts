import { type Device, signInDevice } from './device.ts';
import { writtenBytes } from './footprint.ts';
import { CASHIER, makeShop, PASSWORD } from './sizing-shop.ts';
import { type Running, sleep, startSmoocho, withHome } from './support.ts';

const DEVICES = 10;
const SECONDS_PER_ORDER = 20;
/** Longer than two checkpoints of PostgreSQL: after each one, a page is written to the log whole when it changes first. */
const MINUTES = Number(process.env.WEAR_MINUTES ?? 11);
const IDLE_MINUTES = Number(process.env.WEAR_IDLE_MINUTES ?? 6);
/** For what setting up left to write. */
const SETTLE_MS = 10_000;

/** What a shop writes to its disk at the pace of a rush, and what it writes when nothing happens; for those that wear out by it. */
export async function benchWear(): Promise<string[]> {
  return await withHome(async (home) => {
    await makeShop(home);
    const server = await startSmoocho(home, '--host=127.0.0.1');
    const devices: Device[] = [];
    try {
      await connect(server, devices);
      const idle = await written(server, () => sleep(IDLE_MINUTES * 60_000));
      // An access token is good for a quarter of an hour.
      for (const device of devices.splice(0)) device.close();
      await connect(server, devices);
      let orders = 0;
      const busy = await written(server, async () => {
        orders = await rush(devices);
      });
      return [
        `idle, ${DEVICES} devices connected        ${((idle * 60) / IDLE_MINUTES / 1e6).toFixed(2)} MB written an hour`,
        `${orders} orders in ${MINUTES} min           ${(busy / orders / 1000).toFixed(1)} KB written an order`,
      ];
    } finally {
      for (const device of devices) device.close();
      await server.stop();
    }
  });
}

async function connect(server: Running, devices: Device[]): Promise<void> {
  while (devices.length < DEVICES) devices.push(await signInDevice(server.ready.url, CASHIER, PASSWORD));
  for (const device of devices) await device.load();
  for (const device of devices) await device.follow();
  await sleep(SETTLE_MS);
}

/** Bytes written meanwhile. Those of the log count when an order is committed; those of tables when a checkpoint writes them. */
async function written({ pid }: Running, work: () => Promise<void>): Promise<number> {
  const before = writtenBytes(pid);
  await work();
  return writtenBytes(pid) - before;
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
