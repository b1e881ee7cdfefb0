// Only the process that makes certificates loads these: see make-apart.ts.
import 'reflect-metadata';
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { contextTag, encode, SEQUENCE } from './der.ts';
import { type Names, PRIVATE_NETWORKS, shortName } from './names.ts';
import { authorityValidity, leafValidity } from './validity.ts';

/** P-256 with SHA-256: every browser takes it, and a handshake costs a Raspberry Pi a millisecond. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NAME_CONSTRAINTS = '2.5.29.30';
/** Random ones have at least 64 bits (CA/Browser Forum 7.1). */
const SERIAL_BYTES = 16;
/** A common name has at most 64 characters (RFC 5280, ub-common-name), of which the words around it take some. */
const MAX_HOST_CHARACTERS = 40;

/** A certificate and its key, one after the other, as PEM. */
export type KeyAndCertificate = { certificate: string; key: string };

/** Makes a root that can vouch for `domains`, what is below them, and private networks, for servers and for nothing else. */
export async function makeAuthority(domains: readonly string[], now: Date): Promise<KeyAndCertificate> {
  const { publicKey, privateKey } = await newKeys();
  // Two roots of one name would be mistaken for each other. No dot: OpenSSL and Node would take it for a host.
  const name = `Smoocho ${shortName().slice(0, MAX_HOST_CHARACTERS)} ${randomBytes(3).toString('hex')}`;
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...authorityValidity(now),
    serialNumber: newSerial(),
    name: [{ CN: [name] }],
    keys: { publicKey, privateKey },
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      // A device that trusts it for all purposes would take programs that it signed.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.Extension(NAME_CONSTRAINTS, true, nameConstraints(domains)),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return asPem(root, privateKey);
}

/** Makes a certificate of a server under these names. */
export async function makeLeaf(
  authority: KeyAndCertificate,
  names: Names,
  now: Date,
): Promise<KeyAndCertificate> {
  const { publicKey, privateKey } = await newKeys();
  const root = new x509.X509Certificate(authority.certificate);
  const signingKey = createPrivateKey(authority.key).toCryptoKey(ALGORITHM, false, ['sign']);
  const leaf = await x509.X509CertificateGenerator.create({
    ...leafValidity(now),
    serialNumber: newSerial(),
    subject: [{ CN: ['Smoocho server'] }],
    issuer: root.subjectName,
    publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      // Python from 3.13 on refuses one without it.
      await x509.AuthorityKeyIdentifierExtension.create(root),
    ],
  });
  return asPem(leaf, privateKey);
}

const newKeys = () =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;

/** Positive, and without a leading zero byte. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = (bytes.readUInt8(0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** RFC 5280 §4.2.1.10: `permittedSubtrees`. The library has no class for it, only for the names inside. */
function nameConstraints(domains: readonly string[]): Buffer {
  const names = [
    ...domains.map((domain) => new x509.GeneralName('dns', domain)),
    ...PRIVATE_NETWORKS.map((network) => new x509.GeneralName('ip', network)),
  ];
  const subtrees = names.map(({ rawData }) => encode(SEQUENCE, new Uint8Array(rawData)));
  return encode(SEQUENCE, encode(contextTag(0), ...subtrees));
}

const asPem = (certificate: x509.X509Certificate, key: webcrypto.CryptoKey): KeyAndCertificate => ({
  certificate: `${certificate.toString('pem')}\n`,
  key: KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }) as string,
});
