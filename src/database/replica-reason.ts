import { isTrouble, troubleOf } from './pg-trouble.ts';

/** Why a replica can't be used, as a clause for everybody: no address, role or database is in it. The error itself is for the log. */
const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing answers at its address',
  EHOSTUNREACH: 'no network leads to its address',
  ENETUNREACH: 'no network leads to its address',
  ENOTFOUND: 'the name in its address is not known',
  EAI_AGAIN: 'the name in its address is not known',
  '28P01': 'its password is wrong',
  '28000': 'its role may not connect',
  '3D000': 'it has no such database',
  '42501': 'its role may not read what is needed',
  '53300': 'it has no connection left',
  '57P03': 'it starts or stops',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ENOENT: 'a file that its address names is missing',
};

const SILENT = 'it does not answer in time';
const UNKNOWN = 'it can not be used; the log has the reason';

/** A clause for an error of connecting to a replica, or of asking it. */
export function replicaReason(error: unknown): string {
  const {
    code,
    errors,
    message = '',
  } = (error ?? {}) as { code?: unknown; errors?: unknown[]; message?: string };
  if (typeof code === 'string' && Object.hasOwn(REASONS, code)) return REASONS[code] as string;
  // Of a name with several addresses.
  const [first] = Array.isArray(errors) ? errors : [];
  if (first) return replicaReason(first);
  if (isTrouble(error, 'slow', 'busy') || code === 'ETIMEDOUT' || /timeout/i.test(message)) return SILENT;
  const trouble = troubleOf(error);
  if (trouble?.kind === 'gone') return 'its connections break';
  return UNKNOWN;
}
