import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isRecipient, type KeyPair, newKeyPair } from '../backup/archive/encryption.ts';
import { htmlSheet, isTypedBack, textSheet, typedBackLength } from '../backup/recovery-key.ts';
import { changeBackupSettings, ensureBackupSettings } from '../backup/settings.ts';
import type { Option, Shell } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { isInterrupt } from './interrupt.ts';

/** How `init` is told of a key where nobody is there to be shown one. */
export const recoveryOptions: Option[] = [
  {
    flags: '--recovery-recipient <key>',
    description: 'the public half (age1…) of a key of yours that opens the backups',
  },
  { flags: '--recovery-key-file <file>', description: 'make such a key, and write it into this new file' },
];

/** Throws UsageError for options that can't be followed, before anything is made. */
export function checkRecovery({ recoveryRecipient, recoveryKeyFile }: Record<string, unknown>): void {
  if (recoveryRecipient !== undefined && recoveryKeyFile !== undefined)
    throw new UsageError('--recovery-recipient and --recovery-key-file exclude each other.');
  if (recoveryRecipient !== undefined) checkRecipient(recoveryRecipient as string);
  if (recoveryKeyFile !== undefined) checkKeyFile(recoveryKeyFile as string);
}

/** The key that `recoveryOptions` ask for; undefined where they ask for none. */
export async function keyByOptions(
  home: string,
  { recoveryRecipient, recoveryKeyFile }: Record<string, unknown>,
  now: Date,
): Promise<MadeKey | undefined> {
  if (recoveryRecipient !== undefined) return useRecipient(home, recoveryRecipient as string);
  if (recoveryKeyFile !== undefined) return await writeKeyFile(home, recoveryKeyFile as string, now);
  return undefined;
}

export type MadeKey = { recipient: string; file: string | null };

/** Throws UsageError for what is not the public half of a key. */
export function checkRecipient(text: string): string {
  const recipient = text.trim();
  if (isRecipient(recipient)) return recipient;
  throw new UsageError(
    'The recovery recipient is not the public half of a key of age’s, which begins with age1. Make one: age-keygen, or smoocho backup key create',
  );
}

/** Throws UsageError for a file that is there already, or can't be made. */
export function checkKeyFile(path: string): string {
  const file = resolve(path);
  if (existsSync(file)) {
    throw new UsageError(
      `${file} is there already, and may be a key that still opens backups. Name a new file.`,
    );
  }
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw notWritten(file, error);
  }
  return file;
}

const notWritten = (file: string, error: unknown) =>
  new UsageError(`${file} can't be written (${(error as Error).message}).`);

/** A key that somebody has already. Throws UsageError. */
export function useRecipient(home: string, text: string): MadeKey {
  const recipient = checkRecipient(text);
  keep(home, recipient);
  return { recipient, file: null };
}

/** A new key in a new file, for its owner alone: a page of HTML where its name says so, else text. Throws UsageError. */
export async function writeKeyFile(home: string, path: string, now: Date): Promise<MadeKey> {
  const key = await newKeyPair();
  const file = checkKeyFile(path);
  const sheet = /\.html?$/i.test(file) ? htmlSheet : textSheet;
  try {
    writeFileSync(file, sheet(key, now), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    // Half of a key opens nothing, and would be in the way of the next try.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(file, { force: true });
    throw notWritten(file, error);
  }
  keep(home, key.recipient);
  return { recipient: key.recipient, file };
}

/** Shows a new key once, and goes on when part of it was typed back. Undefined: whoever was asked does it later. */
export async function showNewKey(shell: Shell, now: Date, mayWait: boolean): Promise<MadeKey | undefined> {
  try {
    if (mayWait && !(await wantsKey())) return undefined;
    return await showAndAsk(shell, now);
  } catch (error) {
    // The shop is set up by then, and stays so.
    if (mayWait && isInterrupt(error)) return undefined;
    throw error;
  }
}

async function wantsKey(): Promise<boolean> {
  const { confirm } = await import('@inquirer/prompts');
  return await confirm({
    message: 'Backups are encrypted. Make the recovery key now, which you keep on paper?',
    default: true,
  });
}

async function showAndAsk(shell: Shell, now: Date): Promise<MadeKey> {
  const { input } = await import('@inquirer/prompts');
  const key = await newKeyPair();
  printSheet(shell, key, now);
  await input({
    message: `Written down, or printed? Type its last ${typedBackLength} characters`,
    validate: (typed) =>
      isTypedBack(key, typed) || 'That is not its end: it is the line that begins with AGE-SECRET-KEY-1.',
  });
  keep(shell.config.home, key.recipient);
  return { recipient: key.recipient, file: null };
}

/** Shown as it is: its blocks are a picture to be scanned. */
function printSheet({ isInteractive }: Shell, key: KeyPair, now: Date): void {
  if (!isInteractive) return;
  const lines = textSheet(key, now, true).split('\n');
  const text = lines.map((line) => {
    const shown = line.replace(/^# ?/, '');
    return /[▀▄█]/.test(shown) ? `\x1b[97;40m${shown}\x1b[0m` : shown;
  });
  process.stdout.write(`\n${text.join('\n')}\n`);
}

function keep(home: string, recipient: string): void {
  ensureBackupSettings(home);
  changeBackupSettings(home, { recoveryRecipient: recipient });
}
