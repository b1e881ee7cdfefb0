import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createLog, openDatabase } from '../src/app.ts';
import { demoHome, loadConfig } from '../src/config.ts';
import { root } from './support.ts';

/** The bare server of `ceiling-server.ts`, on the same PostgreSQL as the demo of `home`. */
export async function startCeiling(home: string): Promise<{ url: string; stop(): Promise<void> }> {
  const config = loadConfig({ home: demoHome(home), outerHome: home }, {});
  const database = await openDatabase(config, createLog(config));
  const child = spawn(process.execPath, [join(root, 'bench', 'ceiling-server.ts')], {
    env: { ...process.env, CEILING_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = await once(child.stdout, 'data');
  const { port } = JSON.parse(String(chunk));
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await database.release();
    },
  };
}
