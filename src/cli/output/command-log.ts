import { createLog, type Log } from '../../app.ts';
import type { Config } from '../../config.ts';
import { inLine } from './in-line.ts';

/** Pino's level of an error. */
const ERROR = 50;

/**
 * The log of every command but `start`: what a server's has as JSON lines, as sentences on stderr, on a terminal and off it. A job
 * of a server's schedule keeps the lines, which come into that server's log.
 */
export const commandLog = (config: Pick<Config, 'logLevel' | 'isJob'>): Log =>
  config.isJob
    ? createLog(config)
    : createLog(config, { write: (line) => void process.stderr.write(`${asSentence(line)}\n`) });

/** A line of the log to read: what it says, and why in brackets. */
export function asSentence(line: string): string {
  const { level, msg, reason, err, error } = JSON.parse(line) as {
    level: number;
    msg?: string;
    reason?: string;
    err?: { message?: string };
    error?: string;
  };
  const why = reason ?? err?.message ?? error;
  const text = `${msg ?? 'something happened'}${why === undefined ? '' : ` (${why})`}`;
  return inLine(`${level >= ERROR ? 'Error' : 'Note'}: ${text}.`);
}
