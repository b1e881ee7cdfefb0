import { createLog, type Log } from '../../app.ts';
import type { Config } from '../../config.ts';
import { inLine } from './in-line.ts';

/** Pino's level of an error. */
const ERROR = 50;

/** The log of a command: on a terminal as sentences beside the command's own, else JSON lines as a server's. */
export const commandLog = (config: Config): Log =>
  process.stderr.isTTY && !config.isJob
    ? createLog(config, { write: (line) => void process.stderr.write(`${asSentence(line)}\n`) })
    : createLog(config);

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
