import { askMasked } from './ask-masked.ts';
import type { Option, Shell } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { untilInterrupted } from './interrupt.ts';
import { inLine } from './output/in-line.ts';
import { readSmallFile } from './small-file.ts';

export const passwordOptions: Option[] = [
  { flags: '--password-file <file>', description: 'read the password from this file' },
  { flags: '--password-stdin', description: 'read the password from standard input' },
];

/** The password from where the options say, else asked for on a terminal; never from the command line itself. */
export async function readPassword(
  shell: Shell,
  options: Record<string, unknown>,
  prompt: string,
): Promise<string> {
  if (typeof options.passwordFile === 'string')
    return firstLine(await readSmallFile(options.passwordFile, 'password'));
  if (options.passwordStdin) return firstLine(await readSmallFile('-'));
  if (!shell.isInteractive) {
    throw new UsageError('No password was given. Use --password-file FILE or --password-stdin.');
  }
  const first = await askMasked(untilInterrupted, inLine(prompt), (text) => text !== '' || 'It is empty.');
  return await askMasked(untilInterrupted, 'The same once more', (text) => text === first || 'It differs.');
}

/** A text editor ends the file with a line break that nobody means to be part of the password. */
const firstLine = (content: string) => content.replace(/\r?\n[\s\S]*$/, '');
