import type { ReadableStream as WebStream } from 'node:stream/web';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ConfigError } from '../../config.ts';
import { ArchiveError } from '../errors.ts';

type Bytes = AsyncIterable<Uint8Array>;

/** An identity (`AGE-SECRET-KEY-1…`), and its recipient (`age1…`), to which files are encrypted. */
export type KeyPair = { identity: string; recipient: string };

export async function newKeyPair(): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** Also matches a mistyped key, with a missing or wrong letter. */
const IDENTITY = /AGE-SECRET-KEY-1[0-9A-Z]{20,}/;

/**
 * Finds identities in an age file (one a line, comments after `#`), in an HTML page, or in text typed from
 * paper, with small letters and blanks. `recipientOf` checks whether they are valid.
 */
export const identitiesIn = (text: string): string[] =>
  text.split(/\r?\n/).flatMap((line) => {
    if (line.trimStart().startsWith('#')) return [];
    const letters = line.replace(/<[^>]*>|\s/g, '').toUpperCase();
    return IDENTITY.exec(letters)?.[0] ?? [];
  });

/** The recipient of an identity; undefined if the text is not a valid one. */
export const recipientOf = (identity: string): Promise<string | undefined> =>
  identityToRecipient(identity).catch(() => undefined);

/** Whether the text is a valid recipient. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return /^age1[0-9a-z]{58}$/.test(text);
  } catch {
    return false;
  }
}

/** Throws ConfigError if the configured recovery recipient is invalid, for example mistyped. */
export function requireRecipient(text: string): void {
  try {
    new Encrypter().addRecipient(text);
  } catch {
    throw new ConfigError(
      'backup.recoveryRecipient is not as it was made: a letter of it is wrong, missing or too much. Set it anew: smoocho backup key create --replace --recipient age1…',
    );
  }
}

/** Encrypts for all recipients in a stream: the whole is never in memory. https://age-encryption.org/v1 */
export async function* encrypt(plain: Bytes, recipients: string[]): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  yield* pieces(await encrypter.encrypt(pulled(plain)));
}

/**
 * Decrypts with the first identity that fits. Each chunk is authenticated, but a truncated or changed file
 * throws only at that place: don't act on the beginning before the end was read. Throws ArchiveError.
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

/** Whether one of the identities opens a file, by its start, which holds the header. */
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
    // Drop the original error, which may contain the key.
    throw new ArchiveError('locked', MISTYPED);
  }
}

/** The last six letters of a key are a checksum, so a typo is noticed. */
export const MISTYPED =
  'The recovery key is not as it was made: a letter is wrong, missing or too much. After AGE-SECRET-KEY-1 it has 58 letters and digits, and none of them is 1, B, I or O.';

/** The package has no error codes; this message means that no identity matches a recipient. */
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

/** A web stream that reads a chunk only on demand, so that nothing is buffered in between. */
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
