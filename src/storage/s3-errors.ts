import { StoreUnavailableError } from './errors.ts';
import type { S3Call } from './s3-transport.ts';

/** Error codes of S3 and the system, each as the rest of a sentence that begins with the server's address. */
const reasons: Record<string, string> = {
  InvalidAccessKeyId: 'does not know this access key. Look at S3_ACCESS_KEY',
  XAdminUserNotFound: 'does not know this access key. Look at S3_ACCESS_KEY',
  SignatureDoesNotMatch:
    'does not accept the secret key. Look at S3_SECRET_KEY, and whether a proxy changes the name',
  AccessDenied: 'does not allow this. Give the key the right to read, write, list and delete in the bucket',
  NoSuchBucket:
    'has no bucket of this name. Make it, without public access, or name another one: S3_BUCKET for pictures, --to for backups',
  RequestTimeTooSkewed: 'has another time than this machine. Set the clock right, by NTP',
  AuthorizationHeaderMalformed: 'is in another region. Look at S3_REGION',
  PermanentRedirect: 'has the bucket in another region. Look at S3_ENDPOINT and S3_REGION',
  MovedPermanently: 'has the bucket in another region. Look at S3_ENDPOINT and S3_REGION',
  XMinioStorageFull: 'has no room left',
  QuotaExceeded: 'has no room left for this key',
  SlowDown: 'is too busy',
  ECONNREFUSED: 'does not answer. Is it running, and is S3_ENDPOINT right?',
  ECONNRESET: 'hung up',
  EPIPE: 'hung up',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'can not be reached from here',
  ENETUNREACH: 'can not be reached from here',
  ENOTFOUND: 'has a name that nobody knows. Look at S3_ENDPOINT',
  EAI_AGAIN: 'has a name that can not be looked up now',
  EPROTO: 'does not speak TLS. Look at http and https in S3_ENDPOINT',
};

/** Codes for a missing object, which is not an error. HEAD has no body, so its NotFound may also mean the bucket. */
const MISSING = new Set(['NoSuchKey', 'NotFound']);
export const isMissing = (error: unknown) => MISSING.has(String((error as { code?: unknown }).code));

/**
 * Converts a library error to a sentence. Only the code of an S3 error is used: its other fields repeat the request, keys and
 * signatures included.
 */
export function s3Error(error: unknown, place: string, call: S3Call): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const code = codeOf(error, call);
  const reason = reasons[code] ?? (/CERT|SELF_SIGNED/.test(code) ? UNTRUSTED : `fails (${code})`);
  return new StoreUnavailableError(code, `The S3 server ${place} ${reason.replace(/(?<![?.])$/, '.')}`);
}

const UNTRUSTED =
  'has a certificate that this machine does not trust. Name its authority in NODE_EXTRA_CA_CERTS';

function codeOf(error: unknown, { status }: S3Call): string {
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  // For a failing server, or one that does not speak S3, the library's error has no code.
  return status === undefined ? 'Unknown' : `HTTP ${status}`;
}

/** Transient failures, worth an immediate retry: a stale keep-alive connection, or a throttling or failing server. */
export const isWorthRetrying = ({ code }: StoreUnavailableError) =>
  code === 'ECONNRESET' || code === 'EPIPE' || code === 'SlowDown' || /^HTTP (429|5\d\d)$/.test(code);
