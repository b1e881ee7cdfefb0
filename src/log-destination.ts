import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** A pipe that is full is emptied by its reader within milliseconds; one whose reader hangs must not hang the shop. */
const BUSY_TRIES = 10;
const BUSY_MS = 10;
/** How often it is tried to tell of lost lines while nothing else is logged. */
const TELL_EVERY_MS = 10_000;
/** Of pino's levels, a warning. */
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
  let telling: NodeJS.Timeout | undefined;

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
      // Of a line that was cut, the next one must not be the rest.
      isTorn ||= written > 0;
      return false;
    }
  };
  const tell = (): boolean => {
    const time = new Date().toISOString();
    const msg = `${lost} log ${lost === 1 ? 'line' : 'lines'} could not be written (${reason})`;
    const said = tryWrite(
      `${isTorn ? '\n' : ''}${JSON.stringify({ level: WARN, time, lost, since, msg })}\n`,
      0,
    );
    if (!said) return false;
    lost = 0;
    clearInterval(telling);
    return true;
  };
  return {
    write(line) {
      // Waits once: after the first lost line, a reader that hangs delays nobody any more.
      if ((lost === 0 || tell()) && tryWrite(line, BUSY_TRIES)) return;
      if (lost === 0) {
        since = new Date().toISOString();
        telling = setInterval(tell, TELL_EVERY_MS).unref();
      }
      lost += 1;
    },
  };
}
