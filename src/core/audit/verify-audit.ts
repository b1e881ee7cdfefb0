import { join } from 'node:path';
import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import { SERVER_SINCE } from '../../database/server-lock.ts';
import type { Services } from '../context.ts';
import { inSnapshot } from '../in-snapshot.ts';
import { type ChainFault, collectFaults, type Faults, spanOf, timeOf } from './chain-faults.ts';
import { type Kept, keptChains, keptHeadsFolder, readKeptHead } from './kept-heads.ts';
import { explainHead, explainKeptHead, type Restore, type Restores, readRestores } from './restores.ts';
import { formatHead, type Head, parseHead, type Seal } from './seal.ts';
import { type Chain, headsOfReports, listChains, readCounters } from './sql/chains.ts';
import { walkChain } from './verify-chain.ts';

export type VerifiedChain = {
  id: string;
  /** None for the installation's own. */
  shop: { code: string; name: string } | null;
  isSound: boolean;
  records: number;
  seals: number;
  /** The last seal, as `--head` takes it. */
  head: string | null;
  /** What came since; normal for some seconds while a server runs. */
  unsealed: { count: number; since: string | null };
  wrong: number;
  /** The first hundred. */
  faults: ChainFault[];
  notes: string[];
};

/** A head that is held against the chain, and where it comes from. */
type Expected = Head & {
  where: string;
  /** A harmless cause to rule out first. */
  ifInnocent: string;
  /** Set if a restore explains the missing head: a note then, not a fault. */
  explained?: string | undefined;
};

type AuditContext = { app: Services; em: EntityManager };

export type VerifyOptions = {
  /** Heads that somebody has on paper. */
  heads?: Head[];
  onRecords?: (done: number, all: number) => void;
};

/** Verifies chains one after the other, each as it is at one moment, while everything goes on. Changes nothing. */
export async function verifyAudit(
  { app, em }: AuditContext,
  chains: Chain[],
  options: VerifyOptions = {},
): Promise<VerifiedChain[]> {
  const verified: VerifiedChain[] = [];
  for (const chain of chains) {
    // Before the snapshot that it is held against: the chain may be further by then, never less far.
    const kept = await readKeptHead(app.config.home, chain.id);
    verified.push(
      await inSnapshot(em, (snapshot) => verifyChain({ app, em: snapshot }, chain, kept, options)),
    );
  }
  return verified;
}

/** Every chain that is there or should be; also those that are in a file of this machine and nowhere else. */
export async function findChains({ app, em }: AuditContext): Promise<Chain[]> {
  const chains = await listChains(em);
  const known = new Set(chains.map(({ id }) => id));
  const lost = (await keptChains(app.config.home)).filter((id) => !known.has(id));
  return [...chains, ...lost.map((id) => ({ id, shop: null }))];
}

/** One chain, inside a snapshot. */
export async function verifyChain(
  { app, em }: AuditContext,
  chain: Chain,
  kept: Kept,
  { heads = [], onRecords = () => {} }: VerifyOptions = {},
): Promise<VerifiedChain> {
  const counters = await readCounters(em, chain.id);
  const restores = await readRestores({ app, em }, chain.id);
  const expected = expectHeads(app, chain, kept, heads, restores);
  if (chain.shop) {
    for (const { zNumber, head } of await headsOfReports(em, chain.id)) expectReport(expected, zNumber, head);
  }
  const open = Map.groupBy(expected.heads, ({ sealNo }) => sealNo);
  const walked = await walkChain({
    em,
    keys: app.keys,
    now: app.now(),
    chain,
    counters,
    onRecords: (done) => onRecords(done, counters.records),
    onSeal(seal) {
      for (const head of open.get(seal.sealNo) ?? []) checkHead(expected, head, seal);
      open.delete(seal.sealNo);
    },
  });
  for (const head of [...open.values()].flat()) missHead(expected, head, walked.last);
  const { faults, last, ...counts } = walked;
  await checkSealing({ app, em }, expected.faults, chain, counts.unsealed.since);
  const wrong = faults.wrong() + expected.faults.wrong();
  return {
    id: chain.id,
    shop: chain.shop && { code: chain.shop.code, name: chain.shop.name },
    isSound: wrong === 0,
    ...counts,
    head: last && formatHead(last),
    wrong,
    faults: [...expected.faults.faults, ...faults.faults],
    notes: expected.notes,
  };
}

/** A server seals within seconds; an import of years, which begins without one, within minutes. */
const STALLED_MS = 10 * 60_000;

/** Whoever keeps a chain from being sealed can change what comes for as long: a server that runs does not leave it so. */
async function checkSealing(
  { app, em }: AuditContext,
  faults: Faults,
  chain: Chain,
  unsealedSince: string | null,
): Promise<void> {
  const now = app.now().getTime();
  if (unsealedSince === null || now - Date.parse(unsealedSince) < STALLED_MS) return;
  const { since: serverSince } = await queryRow<{ since: number | null }>(em, SERVER_SINCE);
  if (serverSince === null || now - serverSince < STALLED_MS) return;
  const when = timeOf(unsealedSince, chain.shop?.timezone ?? 'UTC');
  faults.add(
    'not_sealed',
    'What came last',
    `Since ${when} nothing was sealed, though a server runs: until it is, it can be changed without a trace. The server's log says what is in its way.`,
  );
}

type Expectations = { heads: Expected[]; faults: Faults; notes: string[] };

function expectHeads(
  { config }: Services,
  chain: Chain,
  kept: Kept,
  heads: Head[],
  { signed, forgedSeqs }: Restores,
): Expectations {
  const faults = collectFaults();
  const timezone = chain.shop?.timezone ?? 'UTC';
  const notes = signed.map((restore) => restoreNote(restore, timezone));
  for (const seq of forgedSeqs) {
    const detail = "It says that the data was restored from a backup, but this installation didn't sign it.";
    faults.add('restore_forged', spanOf('log', seq), detail);
  }
  const file = join(keptHeadsFolder(config.home), `${chain.id}.json`);
  const given: Expected[] = heads.map((head) => {
    const restore = explainHead(signed, head);
    return {
      ...head,
      where: 'The head that was given',
      ifInnocent: ' Look first whether it was typed as it is printed, and is of this shop.',
      explained: restore && paperNote(head, restore, timezone),
    };
  });
  // The seal that each restore continued from must be in the chain.
  for (const { at, after } of signed) {
    if (!after) continue;
    const where = `The seal from which the restore of ${timeOf(at, timezone)} went on`;
    given.push({ ...after, where, ifInnocent: '' });
  }
  if (kept === 'unreadable') {
    faults.add(
      'rewritten',
      'The head that is kept here',
      `${file} can't be read: it is none that this program wrote.`,
    );
  }
  if (kept === null)
    notes.push('This machine keeps no head of it: only a server does, from the first seal on.');
  if (kept === null || kept === 'unreadable') return { heads: given, faults, notes };
  const when = timeOf(kept.sealedAt, timezone);
  const restore = explainKeptHead(signed, kept);
  const own = {
    ...kept,
    where: `The head that this machine kept, of ${when}`,
    ifInnocent: ` If you restored an older copy of the database yourself, remove ${file}.`,
    explained:
      restore &&
      `The head that this machine kept, of ${when}, is of before the restore of ${timeOf(restore.at, timezone)}: a server puts it aside.`,
  };
  return { heads: [own, ...given], faults, notes };
}

function expectReport({ heads, faults }: Expectations, zNumber: number, text: string): void {
  const head = parseHead(text);
  const where = `The head in Z report ${zNumber}`;
  if (head) heads.push({ ...head, where, ifInnocent: '' });
  else faults.add('rewritten', where, 'It is none: the report was changed.');
}

/**
 * `The data was restored from a backup of … on 2026-05-10 12:00:00: it goes on after seal 100. Seals up to 120 of before are
 * not in it.`
 */
function restoreNote({ reason, at, backupMadeAt, after, lost }: Restore, timezone: string): string {
  const what = reason === 'undone' ? 'A restore was undone' : 'The data was restored from a backup';
  const made = backupMadeAt === null ? '' : ` of ${timeOf(backupMadeAt, timezone)}`;
  const since = after === null ? 'it had no seal then' : `it goes on after seal ${after.sealNo}`;
  const gone =
    lost === null || lost.sealNo <= (after?.sealNo ?? 0)
      ? ''
      : ` Seals up to ${lost.sealNo} of before are not in it.`;
  return `${what}${made} on ${timeOf(at, timezone)}: ${since}.${gone}`;
}

/** The number alone can't tell a head lost in the restore from one cut off since: the date of the printout does. */
function paperNote({ sealNo, hash }: Head, { at, lostSince }: Restore, timezone: string): string {
  const restored = timeOf(at, timezone);
  const printed = `${lostSince === null ? '' : `after ${timeOf(lostSince, timezone)} and `}before then`;
  return `The head that was given, ${sealNo}:${hash.slice(0, 16)}…, is not in the chain. The restore of ${restored} accounts for it if its paper was printed ${printed}; on any other it means that the chain was cut off or replaced.`;
}

function checkHead({ faults, notes }: Expectations, head: Expected, seal: Seal): void {
  if (seal.hash.toString('hex').startsWith(head.hash)) return;
  if (head.explained !== undefined) {
    notes.push(head.explained);
    return;
  }
  const detail = `It has another seal ${head.sealNo} than the chain: what was sealed up to there was replaced.${head.ifInnocent}`;
  faults.add('rewritten', head.where, detail);
}

function missHead({ faults, notes }: Expectations, head: Expected, last: Seal | null): void {
  if (head.explained !== undefined) {
    notes.push(head.explained);
    return;
  }
  const end = last === null ? 'has no seal' : `ends at seal ${last.sealNo}`;
  const isBehind = (last?.sealNo ?? 0) < head.sealNo;
  const detail = isBehind
    ? `It has seal ${head.sealNo}, but the chain ${end}: what came after was cut off.${head.ifInnocent}`
    : `It has seal ${head.sealNo}, which is gone from the chain.${head.ifInnocent}`;
  faults.add(isBehind ? 'cut_off' : 'seal_removed', head.where, detail);
}
