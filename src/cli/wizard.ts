import { askSetUp } from './ask-set-up.ts';
import type { Shell } from './command.ts';
import { restoreFrom } from './commands/restore.ts';
import { failureOf } from './failure.ts';
import { isInterrupt } from './interrupt.ts';
import { keyByOptions, type MadeKey, showNewKey } from './recovery-key.ts';
import { type SetUpResult, setUp } from './set-up.ts';

/** What the wizard did: a new shop, or one that came back from a backup. */
export type WizardResult =
  | { kind: 'new'; result: SetUpResult; key: MadeKey | undefined }
  | { kind: 'restored' };

/**
 * Asks on a new machine: for a backup first, for whoever lost the old one; else for what a new shop needs. `options` may say which
 * recovery key is to be used.
 */
export async function wizard(shell: Shell, options: Record<string, unknown> = {}): Promise<WizardResult> {
  // What could not be restored is most likely a name that was mistyped: the same again is one key.
  let what = await askWhat('new');
  while (what === 'backup') {
    if (await restoreByAsking(shell)) return { kind: 'restored' };
    what = await askWhat('backup');
  }
  // Asked before anything is made: whoever stops here begins anew the next time.
  const answers = await askSetUp();
  const result = await setUp(shell.config, async () => answers);
  const now = new Date();
  // For one that was set up before, it has been decided.
  const key = result.created
    ? ((await keyByOptions(shell.config.home, options, now)) ?? (await showNewKey(shell, now, true)))
    : undefined;
  return { kind: 'new', result, key };
}

type What = 'backup' | 'new';

async function askWhat(last: What): Promise<What> {
  const { select } = await import('@inquirer/prompts');
  return await select({
    message: 'What is to be set up?',
    choices: [
      { name: 'A shop from a backup', value: 'backup' },
      { name: 'A new shop', value: 'new' },
    ],
    default: last,
  });
}

/** False when it can't be restored, which is said, or is not wanted after all. */
async function restoreByAsking(shell: Shell): Promise<boolean> {
  const { input } = await import('@inquirer/prompts');
  const location = await input({
    message: 'The backup: a file, or s3://bucket/key',
    validate: (text) => text.trim() !== '' || 'Type where it is, such as /mnt/usb/smoocho/smoocho-….smoocho',
  });
  try {
    return (await restoreFrom(shell, location.trim(), {})) !== null;
  } catch (error) {
    if (isInterrupt(error)) throw error;
    shell.say(failureOf(error).message, '');
    return false;
  }
}
