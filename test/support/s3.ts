import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { S3Config } from '../../src/config.ts';
import { azuriteProgram, startAzurite, type TestAzurite } from './azurite.ts';
import { freePort } from './redis.ts';
import { removeFolder, tempFolder } from './temp.ts';

export type S3ServerName = 'minio' | 'versitygw' | 'versitygw-azure';

/** Those that the suites of any S3 server run on; the gateway to Azure's Blob Storage once there is an Azurite behind it. */
export const s3ServerNames: S3ServerName[] = [
  'minio',
  'versitygw',
  ...(azuriteProgram() ? (['versitygw-azure'] as const) : []),
];

/** An S3 server on the loopback with a folder and credentials of its own; `config.bucket` doesn't exist yet. */
export type TestS3 = {
  name: S3ServerName;
  config: S3Config;
  /** Its settings as environment variables. */
  env: Record<string, string>;
  pid(): number;
  /** Kills it, like a power cut; acknowledged writes are on its disk. */
  kill(): Promise<void>;
  /** Suspends it: connections stay open, and nothing responds. */
  pause(): void;
  resume(): void;
  /** Restarts it on the same port, with the same folder. */
  start(): Promise<void>;
  close(): Promise<void>;
};

const script = fileURLToPath(new URL('../../scripts/s3-servers.sh', import.meta.url));
/** A full build takes two minutes on a good machine. */
export const BUILD_MS = 900_000;
const READY_MS = 60_000;

const programOf = (name: S3ServerName) => (name === 'minio' ? name : 'versitygw');

const built = new Map<S3ServerName, { path: string } | { reason: string }>();

/** Path of a server's program, built if needed; or the reason it is unavailable. */
function binaryOf(name: S3ServerName): { path: string } | { reason: string } {
  const known = built.get(name);
  if (known) return known;
  const { status, stdout, stderr } = spawnSync('bash', [script, programOf(name)], { encoding: 'utf8' });
  const found = status === 0 ? { path: stdout.trim() } : { reason: stderr?.trim() || `${name}: no bash` };
  built.set(name, found);
  return found;
}

/** Skips the suite, with the reason, if the S3 server is unavailable. */
export function requireS3(test: Mocha.Context, name: S3ServerName): void {
  test.timeout(BUILD_MS);
  const found = binaryOf(name);
  if ('path' in found) return;
  console.log(`    skipped: ${found.reason}`);
  test.skip();
}

type Place = { port: number; folder: string; accessKey: string; secretKey: string };
type Program = { args: (place: Place) => string[]; env: (place: Place) => Record<string, string> };

const gatewayKeys = ({ accessKey, secretKey }: Place) => ({
  ROOT_ACCESS_KEY: accessKey,
  ROOT_SECRET_KEY: secretKey,
});

const programs: Record<S3ServerName, Program> = {
  minio: {
    args: ({ port, folder }) => {
      const address = ['--address', `127.0.0.1:${port}`, '--console-address', '127.0.0.1:0'];
      return ['server', '--quiet', ...address, join(folder, 'data')];
    },
    env: ({ accessKey, secretKey, folder }) => ({
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      MINIO_UPDATE: 'off',
      HOME: folder,
    }),
  },
  versitygw: {
    args: ({ port, folder }) => {
      const backend = ['posix', '--sidecar', join(folder, 'meta'), join(folder, 'data')];
      return ['--port', `127.0.0.1:${port}`, '--quiet', ...backend];
    },
    env: gatewayKeys,
  },
  'versitygw-azure': {
    args: ({ port }) => ['--port', `127.0.0.1:${port}`, '--quiet', 'azure'],
    env: gatewayKeys,
  },
};

export async function startS3(name: S3ServerName): Promise<TestS3> {
  const binary = binaryOf(name);
  if ('reason' in binary) throw new Error(binary.reason);
  const folder = tempFolder();
  for (const part of ['data', 'meta']) mkdirSync(join(folder, part));
  const secrets = { accessKey: randomBytes(8).toString('hex'), secretKey: randomBytes(16).toString('hex') };
  const place: Place = { port: await freePort(), folder, ...secrets };
  const program = programs[name];
  const azurite: TestAzurite | undefined =
    name === 'versitygw-azure' ? await startAzurite(folder) : undefined;
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(binary.path, program.args(place), {
      env: { PATH: process.env.PATH, ...azurite?.env, ...program.env(place) },
      stdio: 'ignore',
    });
    await untilReady(child, place.port);
  };
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  const config: S3Config = {
    ...{ endpoint: `http://127.0.0.1:${place.port}`, bucket: 'kulfi-pictures', region: 'us-east-1' },
    ...{ ...secrets, publicEndpoint: undefined },
  };
  return {
    name,
    config,
    env: {
      S3_ENDPOINT: config.endpoint,
      S3_BUCKET: config.bucket,
      S3_ACCESS_KEY: config.accessKey,
      S3_SECRET_KEY: config.secretKey,
    },
    pid: () => child?.pid as number,
    kill,
    pause() {
      child?.kill('SIGSTOP');
      // One of its threads may still respond for a moment.
      while (!isHeld(child?.pid as number));
    },
    resume: () => void child?.kill('SIGCONT'),
    start,
    async close() {
      await kill();
      await azurite?.close();
      removeFolder(folder);
    },
  };
}

/** Whether all threads of a process are stopped, by /proc; assumed elsewhere. */
function isHeld(pid: number): boolean {
  if (process.platform !== 'linux') return true;
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((id) => /\) [tT] /.test(readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8')));
}

/** Waits for any S3 response below 500: MinIO listens before it is initialized. */
async function untilReady(child: ChildProcess, port: number): Promise<void> {
  for (const late = Date.now() + READY_MS; Date.now() < late; ) {
    if (child.exitCode !== null) throw new Error(`The S3 server ended with ${child.exitCode}.`);
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer && answer.status < 500) return;
    await sleep(50);
  }
  throw new Error(`The S3 server did not answer within ${READY_MS / 1000} s.`);
}
