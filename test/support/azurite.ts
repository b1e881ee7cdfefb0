import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './redis.ts';

/** Azurite's program, named by who installed it: it is too large to be a dependency. Undefined: not there. */
export const azuriteProgram = (): string | undefined => process.env.AZURITE_BLOB || undefined;

/** Azure's own emulator of Blob Storage on the loopback, and the settings by which versitygw's azure backend finds it. */
export type TestAzurite = { env: Record<string, string>; close(): Promise<void> };

const READY_MS = 60_000;

export async function startAzurite(folder: string): Promise<TestAzurite> {
  const program = azuriteProgram();
  if (!program) throw new Error('AZURITE_BLOB names no azurite-blob.');
  const port = await freePort();
  const [account, key] = [`kulfi${randomBytes(4).toString('hex')}`, randomBytes(64).toString('base64')];
  const data = join(folder, 'azurite');
  mkdirSync(data);
  const place = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', data];
  // The gateway's library speaks a newer version of the API than Azurite has heard of.
  const args = [program, ...place, '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOME: folder, AZURITE_ACCOUNTS: `${account}:${key}` },
    stdio: 'ignore',
  });
  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}/${account}`;
  for (const late = Date.now() + READY_MS; ; ) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer) break;
    if (child.exitCode !== null || Date.now() > late) {
      await close();
      throw new Error('Azurite did not answer.');
    }
    await sleep(50);
  }
  return { env: { AZ_ACCOUNT_NAME: account, AZ_ACCESS_KEY: key, AZ_ENDPOINT: url }, close };
}
