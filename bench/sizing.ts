import { cpus } from 'node:os';
import { childrenCpuSeconds, cpuSeconds } from '../test/support/processes.ts';
import { type Device, type Heard, signInDevice, type Traffic } from './device.ts';
import { memoryOf, sumMb } from './footprint.ts';
import { measureGrowth } from './growth.ts';
import { CASHIER, makeShop, PASSWORD, PRODUCTS } from './sizing-shop.ts';
import { median, percentile, type Running, sleep, startSmoocho, withHome } from './support.ts';

/** The classes of shops that docs/operations/sizing.md is about. */
const SIZES = [3, 10, 30];
/** A till in a rush. */
const SECONDS_PER_ORDER = 20;
/** A device that was away reads the menu again when it is back. */
const SECONDS_PER_MENU = 60;
const BUSY_SECONDS = Number(process.env.SIZING_SECONDS ?? 120);
const IDLE_SECONDS = 60;
/** For what connecting left behind to be collected. */
const SETTLE_MS = 5_000;
const HEAR_TIMEOUT_MS = 10_000;

/** What shops of three sizes take of a machine in a rush, and what their orders take of its disk. */
export async function benchSizing(): Promise<string[]> {
  return await withHome(async (home) => {
    await makeShop(home);
    const lines: string[] = [];
    for (const size of SIZES) lines.push(...describe(size, await withServer(home, size)));
    return [...lines, ...(await withGrowth(home))];
  });
}

type Cpu = { server: number; database: number };
type Measured = {
  /** Bytes of one device: a menu, and its pictures the first time. */
  menu: Traffic;
  pictures: Traffic;
  idleHour: Traffic;
  idleCpu: Cpu;
  busyCpu: Cpu;
  idleMb: number;
  busyMb: number;
  busyDatabaseMb: number;
  orders: number;
  /** Of one device: for an order of its own and what it hears of those of the others, on average. */
  perOrder: Traffic;
  answerMs: number[];
  heardMs: number[];
  menuMs: number[];
};

async function withServer(home: string, size: number): Promise<Measured> {
  const server = await startSmoocho(home, '--host=127.0.0.1');
  const devices: Device[] = [];
  try {
    while (devices.length < size) devices.push(await signInDevice(server.ready.url, CASHIER, PASSWORD));
    return await measure(server, devices);
  } finally {
    for (const device of devices) device.close();
    await server.stop();
  }
}

async function measure(server: Running, devices: Device[]): Promise<Measured> {
  const [first] = devices as [Device];
  const before = first.traffic();
  for (const device of devices) await device.load();
  const loaded = first.traffic();
  await first.load();
  const menu = less(first.traffic(), loaded);
  for (const device of devices) await device.follow();
  await sleep(SETTLE_MS);
  const quiet = await during(server, devices, () => sleep(IDLE_SECONDS * 1000));
  const idleMb = sumMb(memoryOf(server.pid));
  const rush = new Rush();
  const busy = await during(server, devices, () => rush.run(devices));
  const memory = memoryOf(server.pid);
  return {
    menu,
    pictures: less(less(loaded, before), menu),
    idleHour: times(quiet.traffic, 3600 / IDLE_SECONDS / devices.length),
    idleCpu: quiet.cpu,
    busyCpu: busy.cpu,
    idleMb,
    busyMb: sumMb(memory),
    busyDatabaseMb: sumMb(memory.filter(({ name }) => name.startsWith('postgres'))),
    orders: rush.answered.size,
    // What a connection says all the time is left out.
    perOrder: times(
      less(
        less(busy.traffic, times(menu, rush.menuMs.length)),
        times(quiet.traffic, busy.seconds / quiet.seconds),
      ),
      1 / rush.answered.size / devices.length,
    ),
    answerMs: rush.tookMs,
    heardMs: rush.heardMs,
    menuMs: rush.menuMs,
  };
}

/** Every device sells and reads the menu at its own moments. */
class Rush {
  readonly answered = new Map<string, number>();
  readonly tookMs: number[] = [];
  readonly menuMs: number[] = [];
  heardMs: number[] = [];

  async run(devices: Device[]): Promise<void> {
    for (const device of devices) device.heard();
    const end = performance.now() + BUSY_SECONDS * 1000;
    await Promise.all(
      devices.flatMap((device, n) => {
        const share = n / devices.length;
        return [
          every(SECONDS_PER_ORDER, share, end, () => this.sell(device)),
          every(SECONDS_PER_MENU, share, end, async () => {
            this.menuMs.push((await device.load()).menuMs);
          }),
        ];
      }),
    );
    const heard = await allHeard(devices, this.answered.size);
    this.heardMs = heard.map(({ id, atMs }) => Math.max(0, atMs - (this.answered.get(id) ?? atMs)));
  }

  async sell(device: Device): Promise<void> {
    const { id, atMs, tookMs } = await device.sell();
    this.answered.set(id, atMs);
    this.tookMs.push(tookMs);
  }
}

/** Does `work` each so many seconds, the first time after `share` of them. */
async function every(seconds: number, share: number, end: number, work: () => Promise<void>): Promise<void> {
  const begun = performance.now() + share * seconds * 1000;
  for (let at = begun; at < end; at += seconds * 1000) {
    await sleep(Math.max(0, at - performance.now()));
    await work();
  }
}

/** Throws when a device has not heard of every order. */
async function allHeard(devices: Device[], orders: number): Promise<Heard[]> {
  const late = performance.now() + HEAR_TIMEOUT_MS;
  const heard: Heard[] = [];
  for (;;) {
    heard.push(...devices.flatMap((device) => device.heard()));
    if (heard.length === orders * devices.length) return heard;
    if (performance.now() > late)
      throw new Error(`${heard.length} of ${orders * devices.length} events came.`);
    await sleep(100);
  }
}

async function during({ pid }: Running, devices: Device[], work: () => Promise<unknown>) {
  const [server, database, traffic] = [cpuSeconds(pid), childrenCpuSeconds(pid), trafficOf(devices)];
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const cpu = {
    server: (cpuSeconds(pid) - server) / seconds,
    database: (childrenCpuSeconds(pid) - database) / seconds,
  };
  return { seconds, cpu, traffic: less(trafficOf(devices), traffic) };
}

const less = (a: Traffic, b: Traffic): Traffic => ({
  sent: a.sent - b.sent,
  received: a.received - b.received,
});
const times = (a: Traffic, factor: number): Traffic => ({
  sent: a.sent * factor,
  received: a.received * factor,
});
const trafficOf = (devices: Device[]): Traffic =>
  devices
    .map((device) => device.traffic())
    .reduce((a, b) => ({ sent: a.sent + b.sent, received: a.received + b.received }));

async function withGrowth(home: string): Promise<string[]> {
  const server = await startSmoocho(home, '--host=127.0.0.1');
  const device = await signInDevice(server.ready.url, CASHIER, PASSWORD);
  try {
    await device.load();
    return await measureGrowth(home, device);
  } finally {
    device.close();
    await server.stop();
  }
}

function describe(size: number, m: Measured): string[] {
  const share = ({ server, database }: Cpu) =>
    `${percent((server + database) / cpus().length)} % of the machine (Node ${percent(server)} %, PostgreSQL ${percent(database)} % of a core)`;
  const ms = (values: number[]) =>
    `p50 ${median(values).toFixed(1)} ms, p99 ${percentile(values, 99).toFixed(1)} ms`;
  const perOrderMs = ((m.busyCpu.server + m.busyCpu.database) * BUSY_SECONDS * 1000) / m.orders;
  return [
    `${size} devices, an order each ${SECONDS_PER_ORDER} s and a menu each ${SECONDS_PER_MENU} s of each, ${m.orders} orders in ${BUSY_SECONDS} s:`,
    `  processor, idle    ${share(m.idleCpu)}`,
    `  processor, rush    ${share(m.busyCpu)}, ${perOrderMs.toFixed(0)} ms an order with its share of menus`,
    `  memory             ${m.idleMb.toFixed(0)} MB idle, ${m.busyMb.toFixed(0)} MB after the rush, ${m.busyDatabaseMb.toFixed(0)} MB of it PostgreSQL's`,
    `  order answered     ${ms(m.answerMs)}`,
    `  heard by all       ${ms(m.heardMs)} after the answer`,
    `  menu of ${PRODUCTS}        ${ms(m.menuMs)}`,
    `  traffic of a device, bytes to it / from it: menu ${bytes(m.menu)}, pictures once ${bytes(m.pictures)}, idle hour ${bytes(m.idleHour)}, each order of the shop ${bytes(m.perOrder)}`,
  ];
}

const percent = (share: number) => (share * 100).toFixed(1);
const bytes = ({ sent, received }: Traffic) => `${Math.round(received)} / ${Math.round(sent)}`;
