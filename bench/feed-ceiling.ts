import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EventEnvelope } from '../src/contract/events.ts';
import { root } from './support.ts';

/** The bare Socket.io of `feed-ceiling-server.ts`, which sends events like this one; with the memory settings of `start`. */
export async function startFeedCeiling(
  event: EventEnvelope,
): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const script = join(root, 'bench', 'feed-ceiling-server.ts');
  const child = spawn(process.execPath, ['--max-semi-space-size=4', script], {
    env: { ...process.env, CEILING_EVENT: JSON.stringify(event) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = await once(child.stdout, 'data');
  const { port } = JSON.parse(String(chunk));
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
