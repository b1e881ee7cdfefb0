import type { ReadableStream as WebStream } from 'node:stream/web';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ConfigError } from '../../config.ts';
import { ArchiveError } from '../errors.ts';

type Bytes = AsyncIterable<Uint8Array>;

/** An identity (`AGE-SECRET-KEY-1…`), and the recipient (`age1…`) that files are encrypted to for it. */
export type KeyPair = { identity: string; recipient: string };

export async function newKeyPair(): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Of a key that was typed, too: a letter may be missing or wrong. */
const IDENTITY = /AGE-SECRET-KEY-1[0-9A-Z]{20,}/;

/**
 * The identities in a file: of age's, a key a line, with `#` before comments; of a page of HTML; or typed from paper, in small
 * letters and with blanks. Whether they are right is for `recipientOf` to say.
 */
export const identitiesIn = (text: string): string[] =>
  text.split(/\r?\n/).flatMap((line) => {
    if (line.trimStart().startsWith('#')) return [];
    const letters = line.replace(/<[^>]*>|\s/g, '').toUpperCase();
    return IDENTITY.exec(letters)?.[0] ?? [];
  });

/** The recipient of an identity; undefined for a text that is none. */
export const recipientOf = (identity: string): Promise<string | undefined> =>
  identityToRecipient(identity).catch(() => undefined);

/** Whether files can be encrypted to this text. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return /^age1[0-9a-z]{58}$/.test(text);
  } catch {
    return false;
  }
}

/** Throws ConfigError for a recovery recipient of the settings that nothing can be encrypted to: a letter of it is wrong. */
export function requireRecipient(text: string): void {
  try {
    new Encrypter().addRecipient(text);
  } catch {
    throw new ConfigError(
      'backup.recoveryRecipient is not as it was made: a letter of it is wrong, missing or too much. Set it anew: smoocho backup key create --replace --recipient age1…',
    );
  }
}

/** Encrypts for all recipients, a piece at a time: the whole is never in memory. https://age-encryption.org/v1 */
export async function* encrypt(plain: Bytes, recipients: string[]): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  yield* pieces(await encrypter.encrypt(pulled(plain)));
}

/**
 * Decrypts with the first identity that fits. What comes out is right as far as it goes; one that was cut or changed throws at
 * that place: nothing may be done with the beginning before the end has come. Throws ArchiveError.
 */
export async function* decrypt(cipher: Bytes, identities: string[]): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter();
  for (const identity of identities) addIdentity(decrypter, identity);
  let plain: AsyncIterable<Uint8Array>;
  try {
    plain = pieces(await decrypter.decrypt(pulled(cipher)));
  } catch (error) {
    throw asArchiveError(error);
  }
  try {
    yield* plain;
  } catch (error) {
    throw asArchiveError(error);
  }
}

/** Whether one of the identities opens a file, by its beginning, in which its header is. */
export async function opensWith(start: Uint8Array, identities: string[]): Promise<boolean> {
  async function* only() {
    yield start;
  }
  try {
    for await (const _ of decrypt(only(), identities)) break;
    return true;
  } catch (error) {
    return !(error instanceof ArchiveError && error.fault === 'locked');
  }
}

function addIdentity(decrypter: Decrypter, identity: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    // Without what it throws, which may repeat the key.
    throw new ArchiveError('locked', MISTYPED);
  }
}

/** Its last six letters are made of the others: one that is wrong is noticed. */
export const MISTYPED =
  'The recovery key is not as it was made: a letter is wrong, missing or too much. After AGE-SECRET-KEY-1 it has 58 letters and digits, and none of them is 1, B, I or O.';

/** The package has no codes: of its messages, this one means that no identity is of the recipients. */
function asArchiveError(error: unknown): unknown {
  if (isSystemError(error) || error instanceof ArchiveError) return error;
  if (error instanceof Error && error.message.startsWith('no identity matched')) {
    return new ArchiveError(
      'locked',
      'None of the keys at hand opens this archive. Name the file with the recovery key that it was made for: --identity FILE.',
    );
  }
  return new ArchiveError('damaged', 'The archive is damaged: it does not decrypt to its end.', error);
}

const isSystemError = (error: unknown) => error instanceof Error && 'syscall' in error;

/** A web stream that asks for a piece only when one is wanted, so that nothing piles up between the two. */
function pulled(bytes: Bytes): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  return stream;
}

const pieces = (stream: ReadableStream<Uint8Array>) => stream as unknown as WebStream<Uint8Array>;
