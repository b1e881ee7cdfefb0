import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { MAX_BODY_BYTES } from '../contract/hygiene.ts';
import { UsageError } from './exit-codes.ts';

/** A pipe that nobody writes to must not hang a command. */
const TIMEOUT_MS = 10_000;
/** How often a pipe that has nothing yet is asked again. */
const PAUSE_MS = 20;
const MAX_CHUNK_BYTES = 64 * 1024;
const NOT_A_FILE = 'ENOTFILE';

/**
 * The text of a file, or with `-` of standard input, at most as large as a request. Of a file with a secret, which `secret`
 * says, no message has the name: it may be the secret itself, put there by mistake. Throws UsageError.
 */
export async function readSmallFile(
  path: string,
  secret?: 'password' | 'PIN' | 'keys',
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const isInput = path === '-' || path === '/dev/stdin';
  const name = isInput ? 'Standard input' : secret ? `The ${secret} file` : path;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of isInput ? standardInput(timeoutMs) : chunksOf(path, timeoutMs)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    throw new UsageError(whyUnread(name, error as NodeJS.ErrnoException, timeoutMs));
  }
  if (size > MAX_BODY_BYTES) throw new UsageError(`${name} is larger than ${MAX_BODY_BYTES / 1024} KiB.`);
  return Buffer.concat(chunks).toString('utf8');
}

function standardInput(timeoutMs: number): AsyncIterable<Buffer> {
  const { stdin } = process;
  if (!stdin.isTTY) addAbortSignal(AbortSignal.timeout(timeoutMs), stdin);
  return stdin;
}

/** Opened without waiting: the opening of a named pipe would wait for its writer, where no timeout ends it. */
async function* chunksOf(path: string, timeoutMs: number): AsyncGenerator<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const kind = await file.stat();
    if (!kind.isFile() && !kind.isFIFO()) throw Object.assign(new Error(), { code: NOT_A_FILE });
    // A shell's `<(…)` has its writer from the beginning; that of a named pipe may come later.
    let isWritten = kind.isFile() || /^\/(dev\/fd|proc)\//.test(path);
    const until = performance.now() + timeoutMs;
    for (;;) {
      if (performance.now() > until) throw Object.assign(new Error(), { code: 'ABORT_ERR' });
      const chunk = await readNow(file);
      if (chunk?.length) yield chunk;
      else if (chunk && isWritten) return;
      else await wait(PAUSE_MS);
      isWritten ||= !chunk || chunk.length > 0;
    }
  } finally {
    await file.close();
  }
}

/** Nothing of a pipe without a writer, and undefined of one whose writer has nothing yet. */
async function readNow(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_CHUNK_BYTES), 0, MAX_CHUNK_BYTES, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function whyUnread(name: string, { code }: NodeJS.ErrnoException, timeoutMs: number): string {
  if (code === 'ENOENT') return `${name} is not there.`;
  if (code === 'ABORT_ERR') return `${name} did not end within ${timeoutMs / 1000} seconds.`;
  if (code === NOT_A_FILE) return `${name} is neither a file nor a pipe.`;
  return `${name} can't be read (${code}).`;
}
