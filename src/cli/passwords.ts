import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Option, Shell } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { inLine } from './output/in-line.ts';

export const passwordOptions: Option[] = [
  { flags: '--password-file <file>', description: 'read the password from this file' },
  { flags: '--password-stdin', description: 'read the password from standard input' },
];

/** Somebody who pipes a password has it at hand; a pipe that stays open forever must not hang the command. */
const STDIN_TIMEOUT_MS = 10_000;

/** The password from where the options say, else asked for on a terminal; never from the command line itself. */
export async function readPassword(
  shell: Shell,
  options: Record<string, unknown>,
  prompt: string,
): Promise<string> {
  if (typeof options.passwordFile === 'string')
    return firstLine(readSecretText(options.passwordFile, 'password'));
  if (options.passwordStdin) return firstLine(await readStdin('password'));
  if (!shell.isInteractive) {
    throw new UsageError('No password was given. Use --password-file FILE or --password-stdin.');
  }
  const { password } = await import('@inquirer/prompts');
  const first = await password({ message: inLine(prompt), mask: true });
  const second = await password({ message: 'The same once more', mask: true });
  if (first !== second) throw new UsageError('The two passwords differ.');
  return first;
}

/** What a file with a secret says; `what` is it, for the message. Throws UsageError. */
export function readSecretText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Without its name: it may be the secret itself, put there by mistake.
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === 'ENOENT' ? `The ${what} file is not there.` : `The ${what} file can't be read (${code}).`,
    );
  }
}

/** All of standard input; `what` is expected there. Throws UsageError when it stays open. */
export async function readStdin(what: string): Promise<string> {
  const waiting = new AbortController();
  const late = delay(STDIN_TIMEOUT_MS, null, { signal: waiting.signal }).catch(() => null);
  const input = await Promise.race([text(process.stdin), late]);
  waiting.abort();
  process.stdin.destroy();
  if (input === null) throw new UsageError(`No ${what} came on standard input within 10 seconds.`);
  return input;
}

/** A text editor ends the file with a line break that nobody means to be part of the password. */
const firstLine = (content: string) => content.replace(/\r?\n[\s\S]*$/, '');
