import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** A reader empties a full pipe within milliseconds. If it hangs, the server must not wait for it. */
const BUSY_TRIES = 10;
const BUSY_MS = 10;
/** Interval at which the count of lost lines is written while nothing else is logged. */
const REPORT_EVERY_MS = 10_000;
/** Pino's level of a warning. */
const WARN = 40;

const BUSY = new Set<unknown>(['EAGAIN', 'EBUSY']);

/**
 * Writes log lines to a file descriptor, at once and in order, and never throws: a full disk (ENOSPC), a reader that is gone
 * (EPIPE) or a lost terminal (EIO) must not end a shop's server. Lines that can't be written are counted, and one line says how
 * many as soon as writing works again.
 */
export function openLogDestination(fd: number): DestinationStream {
  let lost = 0;
  let reason = '';
  let since = '';
  let isTorn = false;
  let reporting: NodeJS.Timeout | undefined;

  const tryWrite = (text: string, maxTries: number): boolean => {
    const bytes = Buffer.from(text);
    let written = 0;
    try {
      for (let tries = 0; written < bytes.length; ) {
        try {
          written += writeSync(fd, bytes, written);
        } catch (error) {
          tries += 1;
          if (!BUSY.has((error as NodeJS.ErrnoException).code) || tries > maxTries) throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MS);
        }
      }
      isTorn = false;
      return true;
    } catch (error) {
      reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      // The next line starts on a new line after one that was cut.
      isTorn ||= written > 0;
      return false;
    }
  };
  const report = (): boolean => {
    const time = new Date().toISOString();
    const msg = `${lost} log ${lost === 1 ? 'line' : 'lines'} could not be written (${reason})`;
    const isReported = tryWrite(
      `${isTorn ? '\n' : ''}${JSON.stringify({ level: WARN, time, lost, since, msg })}\n`,
      0,
    );
    if (!isReported) return false;
    lost = 0;
    clearInterval(reporting);
    return true;
  };
  return {
    write(line) {
      // Waits for the reader only until the first lost line, so that one that hangs doesn't delay every line.
      if ((lost === 0 || report()) && tryWrite(line, BUSY_TRIES)) return;
      if (lost === 0) {
        since = new Date().toISOString();
        reporting = setInterval(report, REPORT_EVERY_MS).unref();
      }
      lost += 1;
    },
  };
}
