import { createPrivateKey, X509Certificate } from 'node:crypto';

/** A certificate, perhaps with its chain behind it, and its key, as PEM; `x509` is the certificate itself. */
export type ReadPair = { certificate: string; key: string; x509: X509Certificate };

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

export const joinPem = ({ certificate, key }: { certificate: string; key: string }) =>
  `${certificate.trim()}\n${key.trim()}\n`;

/** Undefined if there is no certificate, no key, or the key is another one's. */
export function parsePem(text: string): ReadPair | undefined {
  const blocks = [...text.matchAll(BLOCK)];
  const certificate = blocks.filter(([, label]) => label === 'CERTIFICATE').map(([block]) => block);
  const key = blocks.find(([, label]) => label?.endsWith('PRIVATE KEY'))?.[0];
  if (certificate.length === 0 || key === undefined) return undefined;
  try {
    const x509 = new X509Certificate(certificate[0] as string);
    if (!x509.checkPrivateKey(createPrivateKey(key))) return undefined;
    return { certificate: `${certificate.join('\n')}\n`, key: `${key}\n`, x509 };
  } catch {
    return undefined;
  }
}
