import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

export type TestRedis = {
  url: string;
  /** Ends it as a power cut would; nothing of it is left. */
  kill(): Promise<void>;
  /** Holds it: its connections stay, and nothing answers. */
  pause(): void;
  resume(): void;
  /** On the same port, empty. */
  start(): Promise<void>;
  flush(): Promise<void>;
};

export const hasRedis = () => spawnSync('redis-server', ['--version']).status === 0;

/** For a suite that needs Redis: skips it, and says why, where there is none. */
export function requireRedis(test: Mocha.Context): void {
  if (hasRedis()) return;
  console.log('    skipped: redis-server is not installed');
  test.skip();
}

/** A redis-server of one's own on a free port, that keeps nothing on the disk. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
      stdio: 'ignore',
    });
    await answer(url);
  };
  await start();
  return {
    url,
    start,
    async kill() {
      if (!child) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      child = undefined;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async flush() {
      const redis = new Redis(url);
      await redis.flushall();
      redis.disconnect();
    },
  };
}

async function answer(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 50 });
  redis.on('error', () => {});
  await redis.ping();
  redis.disconnect();
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  await sleep(0);
  return port;
}
