import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { MAX_BODY_BYTES } from '../contract/hygiene.ts';
import { UsageError } from './exit-codes.ts';

/** A pipe that nobody writes to must not hang a command. */
const TIMEOUT_MS = 10_000;

/**
 * The text of a file, or with `-` of standard input, at most as large as a request. Of a file with a secret, which `secret`
 * says, no message has the name: it may be the secret itself, put there by mistake. Throws UsageError.
 */
export async function readSmallFile(path: string, secret?: 'password' | 'PIN' | 'keys'): Promise<string> {
  const name = path === '-' ? 'Standard input' : secret ? `The ${secret} file` : path;
  const isTyped = path === '-' && process.stdin.isTTY;
  const stream = path === '-' ? process.stdin : createReadStream(path);
  if (!isTyped) addAbortSignal(AbortSignal.timeout(TIMEOUT_MS), stream);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    throw new UsageError(whyUnread(name, error as NodeJS.ErrnoException));
  }
  if (size > MAX_BODY_BYTES) throw new UsageError(`${name} is larger than ${MAX_BODY_BYTES / 1024} KiB.`);
  return Buffer.concat(chunks).toString('utf8');
}

function whyUnread(name: string, { code }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `${name} is not there.`;
  if (code === 'ABORT_ERR') return `${name} did not end within ${TIMEOUT_MS / 1000} seconds.`;
  return `${name} can't be read (${code}).`;
}
