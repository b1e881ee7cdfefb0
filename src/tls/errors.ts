/** HTTPS can't be had here; the message says why. HTTP goes on without it. */
export class TlsUnavailableError extends Error {
  override name = 'TlsUnavailableError';
}
