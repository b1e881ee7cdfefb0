import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { UNIT } from '../../systemd.ts';
import { inLine } from '../output/in-line.ts';

const run = promisify(execFile);

/** Shown where a start failed. */
export const LAST_LINES = 10;

const READ_TIMEOUT_MS = 30_000;
/** Of 10,000 long lines. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const argsOf = (lines: number) => ['--unit', UNIT, '--lines', String(lines), '--no-pager', '--output', 'cat'];

/** The last lines of the service's log, for people. */
export async function readLog(lines: number): Promise<string[]> {
  const { stdout } = await run('journalctl', argsOf(lines), {
    timeout: READ_TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  return stdout.split('\n').filter(Boolean).map(describeLine);
}

/** Shows the last lines, and each new one until the process is told to stop. */
export async function followLog(lines: number, show: (line: string) => void): Promise<void> {
  const child = spawn('journalctl', [...argsOf(lines), '--follow'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => child.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // Looked at once all is shown.
  ended.catch(() => {});
  for await (const line of createInterface({ input: child.stdout })) show(describeLine(line));
  const code = await ended;
  // Stopped by a signal, it has none.
  if (code) throw new Error(`journalctl ended with exit code ${code}.`);
}

/** pino's levels. */
const LEVELS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warning',
  50: 'error',
  60: 'fatal',
};

type LogLine = { level?: unknown; time?: unknown; msg?: unknown; err?: { message?: unknown } };

/** A line of the server's log as a sentence with its time; any other line as it is. */
export function describeLine(line: string): string {
  const logged = parseLine(line);
  if (!logged) return line;
  const { level, time, msg, err } = logged;
  const at = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  if (Number.isNaN(at.getTime())) return line;
  const reason = typeof err?.message === 'string' ? ` (${err.message})` : '';
  return `${at.toISOString().replace(/\.\d+Z$/, 'Z')}  ${(LEVELS[Number(level)] ?? 'info').padEnd(7)}  ${inLine(`${msg ?? ''}${reason}`)}`;
}

function parseLine(line: string): LogLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
