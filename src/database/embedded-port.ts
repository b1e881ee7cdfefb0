import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Below the ports that systems lend to outgoing connections, so that a port can be had again after a
 * crash.
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
/** With half of that range taken, one start in a thousand finds none in ten tries; then the system picks. */
const TRIES = 10;

/**
 * The port of the last start while it is free: after a crash, pools that know it recover. Else any
 * free one.
 */
export async function choosePort(portFile: string): Promise<number> {
  const last = lastPort(portFile);
  if (last > 0 && (await isFree(last))) return last;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
  return (await bind(0)) as number;
}

/** Renamed into its place: a file half written would name another port, and no link is written through. */
export function savePort(portFile: string, port: number): void {
  if (lastPort(portFile) === port) return;
  const draft = `${portFile}-${process.pid}`;
  // Not writable by others: a changed port would make every command send its proof of the password there.
  writeFileSync(draft, `${port}\n`, { mode: 0o644 });
  renameSync(draft, portFile);
}

function lastPort(portFile: string): number {
  try {
    return Number.parseInt(readFileSync(portFile, 'utf8'), 10) || 0;
  } catch {
    return 0; // the first start
  }
}

const isFree = async (port: number) => (await bind(port)) !== undefined;

/** The port that could be bound for a moment (0 means any), else undefined. */
function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
