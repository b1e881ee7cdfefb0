import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Services } from '../context.ts';
import type { KeptHead } from './kept-heads.ts';
import { formatHead, type Head, parseHead, type SealKeys } from './seal.ts';
import { nextLogSeq, restoresOf } from './sql/restores.ts';
import { lastSeal } from './sql/seals.ts';

/** Why a chain was replaced: restored from a backup, or a restore undone. */
export type RestoreReason = 'restored' | 'undone';

/** The backup, if known; `madeAt` is the time of its snapshot. */
export type RestoredBackup = { id: string; madeAt: Date };

/**
 * A restore as recorded in its chain. Signed with the audit key, which is not in the database: an attacker with the database
 * alone can truncate a chain, but can't pass it off as a restore.
 */
const RestoreDetails = z.looseObject({
  reason: z.enum(['restored', 'undone']),
  backupId: z.string().nullable(),
  backupMadeAt: z.string().nullable(),
  /** Changes from then until the restore are not in the data. */
  lostSince: z.string().nullable(),
  epoch: z.string().nullable(),
  /** The last seal of the restored chain; null if it had none. */
  after: z.string().nullable(),
  /** The head that this machine's chain head file had before; null if none. */
  lost: z.string().nullable(),
  keyId: z.string(),
  signature: z.string(),
});
type RestoreDetails = z.output<typeof RestoreDetails>;
type Statement = Omit<RestoreDetails, 'keyId' | 'signature'>;

/** Includes chain, log row and time, so that the signature is valid nowhere else. */
function signedBytes(chainId: string, seq: number, at: string, statement: Statement): Buffer {
  const { reason, backupId, backupMadeAt, lostSince, epoch, after, lost } = statement;
  const said = [chainId, seq, at, reason, backupId, backupMadeAt, lostSince, epoch, after, lost];
  return Buffer.from(`smoocho restore 1\n${JSON.stringify(said)}`);
}

type Restoring = {
  chainId: string;
  at: Date;
  reason: RestoreReason;
  backup: RestoredBackup | null;
  lostSince: Date | null;
  /** The shop's new epoch; null for the installation's own chain. */
  epoch: string | null;
  lost: Head | null;
};

/** Signed details of a `restored` record; call it in the transaction that writes the record. */
export async function signRestore(
  { app, em }: { app: { keys: SealKeys }; em: EntityManager },
  { chainId, at, reason, backup, lostSince, epoch, lost }: Restoring,
): Promise<RestoreDetails> {
  const last = await lastSeal(em, chainId);
  const statement = {
    reason,
    backupId: backup?.id ?? null,
    backupMadeAt: backup?.madeAt.toISOString() ?? null,
    lostSince: lostSince?.toISOString() ?? null,
    epoch,
    after: last && formatHead(last),
    lost: lost && `${lost.sealNo}:${lost.hash}`,
  };
  const seq = await nextLogSeq(em, chainId);
  const { keyId, signature } = app.keys.sign(signedBytes(chainId, seq, at.toISOString(), statement));
  return { ...statement, keyId, signature: signature.toString('base64') };
}

/** A restore with a valid signature. */
export type Restore = {
  reason: RestoreReason;
  at: string;
  backupMadeAt: string | null;
  lostSince: string | null;
  /** Null if the chain had no seal then. */
  after: Head | null;
  lost: Head | null;
};

/** The restores in a chain: those signed by this installation, and log rows that it did not sign. */
export type Restores = { signed: Restore[]; forgedSeqs: number[] };

export async function readRestores(
  { app, em }: { app: Pick<Services, 'keys'>; em: EntityManager },
  chainId: string,
): Promise<Restores> {
  const found: Restores = { signed: [], forgedSeqs: [] };
  for (const { seq, at, details } of await restoresOf(em, chainId)) {
    const read = RestoreDetails.safeParse(details);
    const isSigned =
      read.success &&
      app.keys.verifySignature(
        read.data.keyId,
        signedBytes(chainId, seq, at, read.data),
        Buffer.from(read.data.signature, 'base64'),
      );
    if (!isSigned) found.forgedSeqs.push(seq);
    else found.signed.push(viewRestore(at, read.data));
  }
  return found;
}

const viewRestore = (
  at: string,
  { reason, backupMadeAt, lostSince, after, lost }: RestoreDetails,
): Restore => ({
  reason,
  at,
  backupMadeAt,
  lostSince,
  after: after === null ? null : parseHead(after),
  lost: lost === null ? null : parseHead(lost),
});

/**
 * Finds the restore that explains a head missing from the chain. A restored chain continued from its seal `after`, so later
 * seal numbers existed before, up to `lost` if known. An undone restore had continued beside this chain from an earlier seal.
 * Undefined if no restore explains it.
 */
export const explainHead = (restores: Restore[], head: Head): Restore | undefined =>
  restores.findLast(({ reason, after, lost }) =>
    reason === 'undone'
      ? lost !== null && head.sealNo <= lost.sealNo
      : head.sealNo > (after?.sealNo ?? 0) && (lost === null || head.sealNo <= lost.sealNo),
  );

/** The same for a chain head file. Its time is known, and it can't be changed through the database. */
export const explainKeptHead = (restores: Restore[], kept: KeptHead): Restore | undefined =>
  restores.findLast(
    ({ reason, after, at }) =>
      kept.sealedAt < at && (reason === 'undone' || kept.sealNo > (after?.sealNo ?? 0)),
  );
