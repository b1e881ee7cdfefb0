import { askSetUp } from './ask-set-up.ts';
import type { Shell } from './command.ts';
import { restoreFrom } from './commands/restore.ts';
import { type MadeKey, showNewKey } from './recovery-key.ts';
import { type SetUpResult, setUp } from './set-up.ts';

/** What the wizard did: a new shop, or one that came back from a backup. */
export type WizardResult =
  | { kind: 'new'; result: SetUpResult; key: MadeKey | undefined }
  | { kind: 'restored' };

/** Asks on a new machine: for a backup first, for whoever lost the old one; else for what a new shop needs. */
export async function wizard(shell: Shell): Promise<WizardResult> {
  const { select, input } = await import('@inquirer/prompts');
  const choice = await select({
    message: 'What is to be set up?',
    choices: [
      { name: 'A shop from a backup', value: 'backup' },
      { name: 'A new shop', value: 'new' },
    ],
    default: 'new',
  });
  if (choice === 'backup') {
    const location = await input({
      message: 'The backup: a file, or s3://bucket/key',
      validate: (text) => text.trim() !== '' || 'Type where it is, such as /mnt/usb/smoocho-….smoocho',
    });
    await restoreFrom(shell, location.trim(), {});
    return { kind: 'restored' };
  }
  const result = await setUp(shell.config, askSetUp);
  // For one that was set up before, it has been decided.
  const key = result.created ? await showNewKey(shell, new Date(), true) : undefined;
  return { kind: 'new', result, key };
}
