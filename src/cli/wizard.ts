import { askSetUp } from './ask-set-up.ts';
import type { Shell } from './command.ts';
import { restoreFrom } from './commands/restore.ts';
import { failureOf } from './failure.ts';
import { isInterrupt } from './interrupt.ts';
import { keyByOptions, type MadeKey, showNewKey } from './recovery-key.ts';
import { type SetUpResult, setUp } from './set-up.ts';

/** Result of the wizard: a new shop, or one restored from a backup. */
export type WizardResult =
  | { kind: 'new'; result: SetUpResult; key: MadeKey | undefined }
  | { kind: 'restored' };

/** Asks on a new machine whether to restore a backup or set up a new shop. `options` may name the recovery key. */
export async function wizard(shell: Shell, options: Record<string, unknown> = {}): Promise<WizardResult> {
  // After a failed restore, `backup` stays the default: most likely the location was mistyped.
  let what = await askWhat('new');
  while (what === 'backup') {
    if (await restoreByAsking(shell)) return { kind: 'restored' };
    what = await askWhat('backup');
  }
  // Ask before anything is created, so that an interrupted setup starts afresh.
  const answers = await askSetUp();
  const result = await setUp(shell.config, async () => answers);
  const now = new Date();
  // An installation that was set up before has its recovery key decided.
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

/** Returns false when the restore failed (the reason is printed) or was declined. */
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
