import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asTypedElsewhere } from '../as-typed.ts';
import {
  identitiesIn,
  isRecipient,
  type KeyPair,
  newKeyPair,
  recipientOf,
} from '../backup/archive/encryption.ts';
import { htmlSheet, isTypedBack, textSheet, typedBackLength } from '../backup/recovery-key.ts';
import { changeBackupSettings, ensureBackupSettings } from '../backup/settings.ts';
import type { Option, Shell } from './command.ts';
import { UsageError } from './exit-codes.ts';
import { isInterrupt, untilInterrupted } from './interrupt.ts';
import { whiteOnBlack } from './output/colour.ts';

/** Options that set the recovery key of `init` without a prompt. */
export const recoveryOptions: Option[] = [
  {
    flags: '--recovery-recipient <key>',
    description: 'the public half (age1…) of a key of yours that opens the backups',
  },
  { flags: '--recovery-key-file <file>', description: 'make such a key, and write it into this new file' },
];

/** Validates the options before anything is created. Throws UsageError. */
export function checkRecovery({ recoveryRecipient, recoveryKeyFile }: Record<string, unknown>): void {
  if (recoveryRecipient !== undefined && recoveryKeyFile !== undefined)
    throw new UsageError('--recovery-recipient and --recovery-key-file exclude each other.');
  if (recoveryRecipient !== undefined) checkRecipient(recoveryRecipient as string);
  if (recoveryKeyFile !== undefined && !keyIn(recoveryKeyFile as string))
    checkKeyFile(recoveryKeyFile as string);
}

/** The key in a file, such as of an `init` that was cut off after it; undefined for a file without one, or none. */
function keyIn(path: string): string | undefined {
  try {
    return identitiesIn(readFileSync(path, 'utf8'))[0];
  } catch {
    return undefined;
  }
}

/** Returns the key that `recoveryOptions` request; undefined without any. */
export async function keyByOptions(
  home: string,
  { recoveryRecipient, recoveryKeyFile }: Record<string, unknown>,
  now: Date,
): Promise<MadeKey | undefined> {
  if (recoveryRecipient !== undefined) return useRecipient(home, recoveryRecipient as string);
  if (recoveryKeyFile === undefined) return undefined;
  const identity = keyIn(recoveryKeyFile as string);
  const recipient = identity && (await recipientOf(identity));
  if (!recipient) return await writeKeyFile(home, recoveryKeyFile as string, now);
  keep(home, recipient);
  return { recipient, file: resolve(recoveryKeyFile as string) };
}

export type MadeKey = { recipient: string; file: string | null };

/** Throws UsageError unless it is the public half of a key. */
export function checkRecipient(text: string): string {
  const recipient = text.trim();
  if (isRecipient(recipient)) return recipient;
  throw new UsageError(
    'The recovery recipient is not the public half of a key of age’s, which begins with age1. Make one: age-keygen, or smoocho backup key create',
  );
}

/** Throws UsageError for a file that exists or can't be created. */
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

/** Uses an existing key. Throws UsageError. */
export function useRecipient(home: string, text: string): MadeKey {
  const recipient = checkRecipient(text);
  keep(home, recipient);
  return { recipient, file: null };
}

/** Writes a new key to a new file with mode 0600: HTML if named .html or .htm, else text. Throws UsageError. */
export async function writeKeyFile(home: string, path: string, now: Date): Promise<MadeKey> {
  const key = await newKeyPair();
  const file = checkKeyFile(path);
  const sheet = /\.html?$/i.test(file) ? htmlSheet : textSheet;
  try {
    writeFileSync(file, asTypedElsewhere(sheet(key, now)), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    // Remove a partly written key: it opens nothing and would block the next try.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(file, { force: true });
    throw notWritten(file, error);
  }
  keep(home, key.recipient);
  return { recipient: key.recipient, file };
}

/** Shows a new key once and asks to type part of it back. Returns undefined when that is broken off and `mayWait`. */
export async function showNewKey(shell: Shell, now: Date, mayWait: boolean): Promise<MadeKey | undefined> {
  try {
    return await showAndAsk(shell, now);
  } catch (error) {
    // The shop is set up by then and stays set up.
    if (mayWait && isInterrupt(error)) return undefined;
    throw error;
  }
}

async function showAndAsk(shell: Shell, now: Date): Promise<MadeKey> {
  const { input } = await import('@inquirer/prompts');
  const key = await newKeyPair();
  printSheet(shell, key, now);
  const question = {
    message: `Written down, or printed? Type its last ${typedBackLength} characters`,
    validate: (typed: string) =>
      isTypedBack(key, typed) || 'That is not its end: it is the line that begins with AGE-SECRET-KEY-1.',
  };
  await untilInterrupted((context) => input(question, context));
  keep(shell.config.home, key.recipient);
  return { recipient: key.recipient, file: null };
}

/** Writes to stdout directly: the sheet contains a QR code drawn in blocks. */
function printSheet({ isInteractive }: Shell, key: KeyPair, now: Date): void {
  if (!isInteractive) return;
  const lines = asTypedElsewhere(textSheet(key, now, true)).split('\n');
  const text = lines.map((line) => {
    const shown = line.replace(/^# ?/, '');
    return /[▀▄█]/.test(shown) ? whiteOnBlack(shown) : shown;
  });
  process.stdout.write(`\n${text.join('\n')}\n`);
}

function keep(home: string, recipient: string): void {
  ensureBackupSettings(home);
  changeBackupSettings(home, { recoveryRecipient: recipient });
}
