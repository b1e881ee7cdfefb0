import type { Shell } from './command.ts';
import { RefusedError } from './exit-codes.ts';
import { inLine } from './output/in-line.ts';
import { fitWords } from './output/labelled.ts';

/**
 * At a terminal, asks whether to go on; off it, and with `--yes`, nothing is asked, because a script means what it says. Throws
 * RefusedError for no.
 */
export async function askFirst(shell: Shell, yes: unknown, message: string): Promise<void> {
  if (yes || !shell.isInteractive) return;
  const { confirm } = await import('@inquirer/prompts');
  if (!(await confirm({ message: fitWords(inLine(message)), default: false })))
    throw new RefusedError('Nothing was changed.');
}
