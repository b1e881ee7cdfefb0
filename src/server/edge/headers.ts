import type { Caller } from './callers.ts';

/**
 * Of every answer, whoever writes it. The API answers data, never pages: nothing of it may run, be framed, be sniffed, be kept
 * by a cache or be used by another site's page.
 */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * A year, as long as browsers ask for. Only behind a proxy that says that it has TLS: of our own HTTPS a browser would hold it
 * against the plain port beside it, too, for it is about the name and not about the port (RFC 6797 §8.3).
 */
const OVER_TLS = { 'Strict-Transport-Security': 'max-age=31536000' };

export const securityHeadersFor = (protocol: Caller['protocol'] = null): Record<string, string> =>
  protocol === 'https' ? { ...ALWAYS, ...OVER_TLS } : ALWAYS;
