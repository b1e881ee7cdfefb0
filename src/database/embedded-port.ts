import { readFileSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { draftOf, writeDraft } from '../config.ts';

/**
 * Below the ports that systems lend to outgoing connections, so that a port can be had again after a
 * crash.
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const MAX_PORT = 65_535;
/** With half of that range taken, one start in a thousand finds none in ten tries; then the system picks. */
const TRIES = 10;

/**
 * The port of the last start while it is free: after a crash, pools that know it recover. Else any
 * free one.
 */
export async function choosePort(portFile: string, warn: (line: string) => void = () => {}): Promise<number> {
  const last = lastPort(portFile);
  if (last === undefined)
    warn(`${portFile} holds no port from 1 to ${MAX_PORT}; PostgreSQL takes another one.`);
  else if (last > 0 && (await isFree(last))) return last;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) return port;
  }
  return (await bind(0)) as number;
}

/** Renamed into its place: a file half written would name another port, and no link is written through. */
export function savePort(portFile: string, port: number): void {
  if (lastPort(portFile) === port) return;
  const draft = draftOf(portFile);
  // Not writable by others: a changed port would make every command send its proof of the password there.
  writeDraft(draft, `${port}\n`, 0o644);
  renameSync(draft, portFile);
}

/** 0 before the first start; undefined for nonsense. */
function lastPort(portFile: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(portFile, 'utf8').trim();
  } catch {
    return 0;
  }
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= MAX_PORT ? port : undefined;
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
