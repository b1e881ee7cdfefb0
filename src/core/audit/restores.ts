import type { EntityManager } from '@mikro-orm/postgresql';
import { z } from 'zod';
import type { Services } from '../context.ts';
import type { KeptHead } from './kept-heads.ts';
import { formatHead, type Head, parseHead, type SealKeys } from './seal.ts';
import { nextLogSeq, restoresOf } from './sql/restores.ts';
import { lastSeal } from './sql/seals.ts';

/** Why a chain is not the one of before: it was restored from a backup, or a restore was undone. */
export type RestoreReason = 'restored' | 'undone';

/** Of which backup, if the one who restores knows it; `madeAt` is when its snapshot was taken. */
export type RestoredBackup = { id: string; madeAt: Date };

/**
 * A restore as its chain records it. Signed with the audit key, which the database hasn't: whoever has the database alone can
 * cut a chain off, but can't make it look like a restore.
 */
const RestoreDetails = z.looseObject({
  reason: z.enum(['restored', 'undone']),
  backupId: z.string().nullable(),
  backupMadeAt: z.string().nullable(),
  /** What happened from then until the restore is not in the data. */
  lostSince: z.string().nullable(),
  epoch: z.string().nullable(),
  /** The last seal of the chain as it was restored; null where it had none. */
  after: z.string().nullable(),
  /** The head that this machine had kept of the chain before; null where it had none. */
  lost: z.string().nullable(),
  keyId: z.string(),
  signature: z.string(),
});
type RestoreDetails = z.output<typeof RestoreDetails>;
type Statement = Omit<RestoreDetails, 'keyId' | 'signature'>;

/** What is signed: also of which chain, which row of its log, and when, so that it is worth nothing elsewhere. */
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

/** The details of the record that says so in a chain; in the transaction that writes it. */
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

/** A restore that this installation signed. */
export type Restore = {
  reason: RestoreReason;
  at: string;
  backupMadeAt: string | null;
  lostSince: string | null;
  /** Null where the chain had no seal then. */
  after: Head | null;
  lost: Head | null;
};

/** What a chain says of its restores: those that this installation signed, and the rows of its log that it did not. */
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
 * The restore that accounts for a head which is not in the chain. A restored chain went on from its seal `after`: of later
 * numbers there were others before, up to the last one that is known. When a restore was undone, the chain of then went on
 * beside this one from an earlier seal. Undefined where no restore does.
 */
export const explainHead = (restores: Restore[], head: Head): Restore | undefined =>
  restores.findLast(({ reason, after, lost }) =>
    reason === 'undone'
      ? lost !== null && head.sealNo <= lost.sealNo
      : head.sealNo > (after?.sealNo ?? 0) && (lost === null || head.sealNo <= lost.sealNo),
  );

/** The same for a head that a machine kept. Of that the time is known, and nobody reaches it through the database. */
export const explainKeptHead = (restores: Restore[], kept: KeptHead): Restore | undefined =>
  restores.findLast(
    ({ reason, after, at }) =>
      kept.sealedAt < at && (reason === 'undone' || kept.sealNo > (after?.sealNo ?? 0)),
  );
