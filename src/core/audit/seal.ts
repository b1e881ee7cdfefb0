import { createHash } from 'node:crypto';
import type { AuditRow, RecordKind } from './sql/read-records.ts';

/** What signs seals: the installation's audit key, which the database hasn't. */
export type SealKeys = {
  sign(bytes: Uint8Array): { keyId: string; signature: Buffer };
  /** False for a key that was never here. */
  verifySignature(keyId: string, bytes: Uint8Array, signature: Uint8Array): boolean;
};

/** A record as its seal knows it. */
export type SealedRecord = { kind: RecordKind; seq: number; hash: Buffer };

export type Seal = {
  sealNo: number;
  /** The last event and the last row of the security log that it or one before covers. */
  eventSeq: number;
  logSeq: number;
  /** Whether it took all that was there at `sealedAt`. */
  isAll: boolean;
  /** UTC with microseconds, as PostgreSQL prints it. */
  sealedAt: string;
  /** `SealedRecord`s, 41 bytes each. */
  records: Buffer;
  hash: Buffer;
  keyId: string;
  signature: Buffer;
};

const KINDS: readonly RecordKind[] = ['event', 'log'];
const RECORD_BYTES = 1 + 8 + 32;
/** What the first seal goes on from. */
export const NO_HASH = Buffer.alloc(32);

/**
 * SHA-256 of a record. What is hashed is a JSON array of texts and nulls: two records that differ in anything, be it in which
 * column something stands, are two texts.
 */
export function hashRecord(chainId: string, kind: RecordKind, row: AuditRow): Buffer {
  const { seq, type, at, actor, deviceId, address, before, data } = row;
  const columns = [chainId, kind, String(seq), type, at, actor, deviceId, address, before, data];
  return createHash('sha256')
    .update(JSON.stringify(['smoocho record 1', ...columns]))
    .digest();
}

export function packRecords(records: SealedRecord[]): Buffer {
  const packed = Buffer.alloc(records.length * RECORD_BYTES);
  records.forEach(({ kind, seq, hash }, index) => {
    const start = index * RECORD_BYTES;
    packed.writeUInt8(KINDS.indexOf(kind), start);
    packed.writeBigUInt64BE(BigInt(seq), start + 1);
    hash.copy(packed, start + 9);
  });
  return packed;
}

/** Null for bytes that no seal of ours has, none at all included. */
export function unpackRecords(packed: Buffer): SealedRecord[] | null {
  if (packed.length === 0) return null;
  const records: SealedRecord[] = [];
  for (let start = 0; start < packed.length; start += RECORD_BYTES) {
    const kind = KINDS[packed[start] as number];
    if (kind === undefined || start + RECORD_BYTES > packed.length) return null;
    const seq = Number(packed.readBigUInt64BE(start + 1));
    records.push({ kind, seq, hash: packed.subarray(start + 9, start + RECORD_BYTES) });
  }
  return records;
}

type Sealed = Pick<Seal, 'sealNo' | 'eventSeq' | 'logSeq' | 'isAll' | 'sealedAt' | 'records'>;

/** SHA-256 over the hash of the seal before (32 bytes), a line that says what this seal says, and its records. */
export function hashSeal(previous: Buffer, chainId: string, seal: Sealed): Buffer {
  const { sealNo, eventSeq, logSeq, isAll, sealedAt, records } = seal;
  const head = JSON.stringify(['smoocho seal 1', chainId, sealNo, eventSeq, logSeq, isAll, sealedAt]);
  return createHash('sha256').update(previous).update(`${head}\n`).update(records).digest();
}

/** What is signed: said for what it is, so that the signature is worth nothing elsewhere. */
export const signedBytes = (hash: Buffer) => Buffer.concat([Buffer.from('smoocho audit seal\n'), hash]);

/** Where a chain stood: the number of a seal and its hash, written `1234:9f2c…`. */
export type Head = { sealNo: number; hash: string };

export const formatHead = ({ sealNo, hash }: { sealNo: number; hash: Buffer }) =>
  `${sealNo}:${hash.toString('hex')}`;

/** So many digits of the hash name one seal for certain; whoever types it from paper need not type them all. */
const LEAST_DIGITS = 16;

/** A head as people type it, blanks and line breaks of the paper with it; null when it is none. */
export function parseHead(text: string): Head | null {
  const match = /^(\d{1,15}):([0-9a-f]{1,64})$/.exec(text.replace(/[\s…]/g, '').toLowerCase());
  const [, sealNo, hash] = match ?? [];
  if (!sealNo || !hash || hash.length < LEAST_DIGITS || Number(sealNo) < 1) return null;
  return { sealNo: Number(sealNo), hash };
}
