import type { EntityManager } from '@mikro-orm/postgresql';
import { collectFaults, type Faults, isAre, sealWords, spanOf, timeOf, wordsOf } from './chain-faults.ts';
import {
  hashRecord,
  hashSeal,
  NO_HASH,
  type Seal,
  type SealedRecord,
  type SealKeys,
  signedBytes,
  unpackRecords,
} from './seal.ts';
import type { Chain, Counters } from './sql/chains.ts';
import type { AuditRow, RecordKind } from './sql/read-records.ts';
import { sealsAfter } from './sql/seals.ts';
import { openTrack, type Track } from './track.ts';

/** Twenty kilobytes each at most. */
const SEALS_AT_A_TIME = 100;
/** Between the moment that a record says and its commit lie seconds, minutes for a large import: never an hour. */
const LATE_MS = 60 * 60 * 1000;
const KINDS: readonly RecordKind[] = ['event', 'log'];

export type Walk = {
  em: EntityManager;
  keys: SealKeys;
  now: Date;
  chain: Chain;
  counters: Counters;
  /** Hears of each seal, in order. */
  onSeal(seal: Seal): void;
  onRecords(done: number): void;
};

export type Walked = {
  faults: Faults;
  records: number;
  seals: number;
  last: Seal | null;
  /** What no seal has closed yet; `since` is the time of the first. */
  unsealed: { count: number; since: string | null };
};

/**
 * Holds every record of a chain against the seal that closed it, and every seal against the one before and its signature.
 * Inside a snapshot; a batch of seals and of records is in memory, however long the chain is.
 */
export async function walkChain(walk: Walk): Promise<Walked> {
  const { em, chain, onSeal, onRecords } = walk;
  const faults = collectFaults();
  const tracks = Object.fromEntries(KINDS.map((kind) => [kind, openTrack(em, chain.id, kind)])) as Record<
    RecordKind,
    Track
  >;
  const count = { records: 0, seals: 0 };
  const seen = () => {
    count.records += 1;
    if (count.records % 100 === 0) onRecords(count.records);
  };
  let last: Link | null = null;
  let full: Seal | null = null;
  for (;;) {
    const seals = await sealsAfter(
      em,
      chain.id,
      last?.seal.sealNo ?? Number.MIN_SAFE_INTEGER,
      SEALS_AT_A_TIME,
    );
    for (const seal of seals) {
      const previous: Link | null = last;
      last = checkSeal(walk, faults, tracks, previous, seal);
      onSeal(seal);
      // The clock was set back: what came then may say an earlier time.
      if (full && seal.sealedAt < full.sealedAt) full = null;
      for (const sealed of unpackRecords(seal.records) ?? []) {
        await checkRecord(walk, faults, tracks[sealed.kind], { sealed, seal, full, seen });
      }
      if (seal.isAll) full = seal;
      count.seals += 1;
    }
    if (seals.length < SEALS_AT_A_TIME) break;
  }
  if (full && walk.now.toISOString() < full.sealedAt) full = null;
  const unsealed = { count: 0, since: null as string | null };
  for (const kind of KINDS) {
    const rest = await checkRest(walk, faults, tracks[kind], kind, full, seen);
    unsealed.count += rest.count;
    if (rest.since !== null && (unsealed.since === null || rest.since < unsealed.since))
      unsealed.since = rest.since;
  }
  if (walk.counters.records > count.records) {
    const more = walk.counters.records - count.records;
    faults.add('inserted', 'Records', `${more} of them stand twice under one number.`);
  }
  return { faults, ...count, last: last?.seal ?? null, unsealed };
}

/** A seal, and what its hash should be: the next one may go on from either, when the hash itself was changed. */
type Link = { seal: Seal; hashes: Buffer[] };

function checkSeal(
  { keys, chain }: Walk,
  faults: Faults,
  tracks: Record<RecordKind, Track>,
  previous: Link | null,
  seal: Seal,
): Link {
  const timezone = chain.shop?.timezone ?? 'UTC';
  const before = previous?.seal.sealNo ?? 0;
  const subject = `Seal ${seal.sealNo}`;
  const isMissing = seal.sealNo !== before + 1;
  if (isMissing) {
    const [first, end] = [before + 1, seal.sealNo - 1];
    const span = first === end ? `Seal ${first}` : `Seals ${first} to ${end}`;
    const detail = `${first === end ? 'It is' : 'They are'} gone, before ${sealWords(seal, timezone)}: what was sealed there can't be checked.`;
    faults.add('seal_removed', span, detail);
  }
  const isReadable = unpackRecords(seal.records) !== null;
  if (isMissing || !isReadable) for (const kind of KINDS) tracks[kind].isBlind = true;
  const hashes = (previous?.hashes ?? [NO_HASH]).map((hash) => hashSeal(hash, chain.id, seal));
  const isSame = hashes.some((hash) => hash.equals(seal.hash));
  const when = `of ${timeOf(seal.sealedAt, timezone)}`;
  if (!isReadable || (!isMissing && !isSame)) {
    faults.add(
      'seal_changed',
      subject,
      `The seal ${when} was changed: what it says of its records can't be relied on.`,
    );
  } else if (!keys.verifySignature(seal.keyId, signedBytes(seal.hash), seal.signature)) {
    const detail = `The seal ${when} isn't signed by this installation (key ${seal.keyId}): somebody else made it.`;
    faults.add('seal_forged', subject, detail);
  }
  return { seal, hashes: [seal.hash, ...(isMissing || isSame ? [] : hashes)] };
}

/** `full`: the newest seal before `seal` that took everything there was. */
type Checking = { sealed: SealedRecord; seal: Seal; full: Seal | null; seen: () => void };

async function checkRecord(walk: Walk, faults: Faults, track: Track, checking: Checking): Promise<void> {
  const { sealed, seal, full, seen } = checking;
  const { kind, seq, hash } = sealed;
  const timezone = walk.chain.shop?.timezone ?? 'UTC';
  let known = 0;
  let row = await track.peek();
  for (; row !== null && row.seq < seq; row = await track.peek()) {
    if (!track.isBlind) {
      const detail = `It was put in after ${sealWords(seal, timezone)}, which doesn't know it: ${wordsOf(row, timezone)}.`;
      faults.add('inserted', spanOf(kind, row.seq), detail);
    }
    if (row.seq >= track.next) known += 1;
    track.take();
    seen();
  }
  if (!track.isBlind && seq - track.next > known) {
    const span = spanOf(kind, track.next, seq - 1);
    const detail = `${isAre(track.next, seq - 1) === 'is' ? 'It was' : 'They were'} gone before ${sealWords(seal, timezone)} was made.`;
    faults.add('removed', span, detail);
  }
  track.next = seq + 1;
  track.isBlind = false;
  if (row?.seq !== seq) {
    faults.add('removed', spanOf(kind, seq), `It is gone. It was closed by ${sealWords(seal, timezone)}.`);
    return;
  }
  track.take();
  seen();
  if (!hashRecord(walk.chain.id, kind, row).equals(hash)) {
    const detail = `It was changed after ${sealWords(seal, timezone)}. Now it says: ${wordsOf(row, timezone)}.`;
    faults.add('changed', spanOf(kind, seq), detail);
  } else if (full && isLate(row, full)) {
    addLate(faults, kind, row, full, timezone);
  }
}

/** Dated long before a seal that took everything there was, and yet not in it. */
const isLate = (row: AuditRow, full: Seal) => Date.parse(row.at ?? '') < Date.parse(full.sealedAt) - LATE_MS;

function addLate(faults: Faults, kind: RecordKind, row: AuditRow, full: Seal, timezone: string): void {
  const detail = `It says ${timeOf(row.at, timezone)}, but was put in after ${sealWords(full, timezone)}: ${wordsOf(row, timezone)}.`;
  faults.add('inserted', spanOf(kind, row.seq), detail);
}

/** What comes after the last seal: seconds' worth while a server runs. */
async function checkRest(
  { chain, counters }: Walk,
  faults: Faults,
  track: Track,
  kind: RecordKind,
  full: Seal | null,
  seen: () => void,
): Promise<{ count: number; since: string | null }> {
  const timezone = chain.shop?.timezone ?? 'UTC';
  let count = 0;
  let since: string | null = null;
  for (let row = await track.peek(); row !== null; row = await track.peek()) {
    if (row.seq < track.next) {
      faults.add(
        'inserted',
        spanOf(kind, row.seq),
        `It stands twice, or was put in later: ${wordsOf(row, timezone)}.`,
      );
    } else {
      if (row.seq > track.next) {
        const detail = `${isAre(track.next, row.seq - 1) === 'is' ? 'It is' : 'They are'} gone, before any seal closed ${track.next === row.seq - 1 ? 'it' : 'them'}.`;
        faults.add('removed', spanOf(kind, track.next, row.seq - 1), detail);
      }
      if (full && isLate(row, full)) addLate(faults, kind, row, full, timezone);
      track.next = row.seq + 1;
      count += 1;
      since ??= row.at;
    }
    track.take();
    seen();
  }
  checkCounter(faults, kind, kind === 'event' ? counters.eventSeq : counters.logSeq, track.next - 1, chain);
  return { count, since };
}

function checkCounter(
  faults: Faults,
  kind: RecordKind,
  counter: number | null,
  end: number,
  chain: Chain,
): void {
  const subject = kind === 'event' ? "The shop's counter" : "The log's counter";
  // The installation itself has no events.
  if (counter === null && kind === 'event' && chain.shop === null) return;
  if (counter === null) faults.add('counter', subject, 'Its row is gone.');
  else if (counter < end)
    faults.add(
      'counter',
      subject,
      `It stands at ${counter}, but there were records up to ${end}: it was set back.`,
    );
  else if (counter > end) {
    const detail = `${isAre(end + 1, counter) === 'is' ? 'It is' : 'They are'} gone from the end: the counter stands at ${counter}.`;
    faults.add('cut_off', spanOf(kind, end + 1, counter), detail);
  }
}
