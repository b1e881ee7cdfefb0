import type { KeyObject } from 'node:crypto';

/** What keys are for; each purpose has keys of its own. */
export const purposes = [
  'canary',
  'token',
  'audit',
  'pin',
  'customer',
  'customer-lookup',
  'image',
  'idempotency',
] as const;
export type Purpose = (typeof purposes)[number];

/** Whose fields are sealed. */
export type FieldPurpose = Extract<Purpose, 'customer'>;
/** What is looked up or compared by a keyed hash. These keys stay: whatever was hashed with another is never found. */
export type HashPurpose = Extract<Purpose, 'pin' | 'customer-lookup' | 'image' | 'idempotency'>;

export type Signature = { keyId: string; signature: Buffer };
export type NamedKey = { id: string; key: KeyObject };

/** The keys of the installation, unwrapped, as the actions of the shop use them. All but `findTokenKey` is in memory. */
export type Keys = {
  /** Signs with the audit key of now (Ed25519). */
  sign(bytes: Uint8Array): Signature;
  /** Whether an audit key, also a retired one, signed these bytes. False for a key that was never here. */
  verifySignature(keyId: string, bytes: Uint8Array, signature: Uint8Array): boolean;
  /** HMAC-SHA256 over the parts, each with its length: 32 bytes. `['ab', 'c']` and `['a', 'bc']` differ. */
  hmac(purpose: HashPurpose, ...parts: (string | Uint8Array)[]): Buffer;
  /** The key that access tokens are signed with. */
  tokenKey(): NamedKey;
  /** The one with this id, if tokens of it are still good, of those in memory. */
  heldTokenKey(id: string): KeyObject | undefined;
  /** The same; looks for one that another process made. */
  findTokenKey(id: string): Promise<KeyObject | undefined>;
  /** The key that fields are sealed with. */
  fieldKey(purpose: FieldPurpose): NamedKey;
  /** The one that a field was sealed with. */
  findFieldKey(purpose: FieldPurpose, id: string): KeyObject | undefined;
};
