import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Bus } from '../../redis/bus.ts';
import type { Services } from '../context.ts';
import { headKeeper, type Kept, keptHeadsFolder, readKeptHead, setHeadsAside } from './kept-heads.ts';
import { explainKeptHead, readRestores } from './restores.ts';
import type { Seal } from './seal.ts';
import { sealChain, unsealedChains } from './seal-chain.ts';
import { listChains } from './sql/chains.ts';
import { lastSeal, sealHash } from './sql/seals.ts';

/** A seal a second at most: under load one seal closes what came in that time. */
const EVERY_MS = 1_000;
/** So many of these pass before the database is asked though nobody said that something came: programs that tell nothing. */
const IDLE_ROUNDS = 5;
/** Of one chain in one round: a history that was never sealed takes many, and the other chains come in between. */
const SEALS_A_ROUND = 10;
/** Another process has a chain for some milliseconds: who finds it taken for so long looks at somebody else. */
const BUSY_MS = 60_000;

export type Sealer = {
  /** Seals all that is committed by now. Throws what the database throws. */
  sealNow(): Promise<void>;
  /** One round more, so that what came last is sealed. */
  close(): Promise<void>;
};

type SealerApp = Services & { orm: { em: EntityManager }; bus: Pick<Bus, 'onMessage'> };

/**
 * Seals what is written, after it is written: no sale waits for it. One in each process that serves; of those that come to a
 * chain at once, one seals it. A process that is killed leaves nothing half done: a seal is there or it isn't.
 */
export function startSealer(app: SealerApp): Sealer {
  const closing = new AbortController();
  const { home } = app.config;
  const keep = headKeeper(home);
  const warned = new Set<string>();
  /** Chains whose last seal may not be kept yet: all that there are, for the process before may have been killed at it. */
  let unkept: Set<string> | undefined;
  /** Since when each was found taken. */
  const busySince = new Map<string, number>();
  let running = Promise.resolve(false);
  let isWoken = true;
  let isFailing = false;

  /** Whether something is left for another round. */
  const sealSome = async (chainId: string): Promise<boolean> => {
    let isLeft = true;
    for (let seals = 0; seals < SEALS_A_ROUND && isLeft; seals += 1) {
      const sealing = await sealChain({ app, em: app.orm.em }, chainId);
      if (sealing.kind === 'busy') sayBusy(chainId);
      else busySince.delete(chainId);
      if (sealing.kind === 'sealed') unkept?.add(chainId);
      isLeft = sealing.kind === 'sealed' && !sealing.seal.isAll;
    }
    return isLeft;
  };

  const sayBusy = (chainId: string): void => {
    const since = busySince.get(chainId) ?? app.now().getTime();
    busySince.set(chainId, since);
    if (app.now().getTime() - since < BUSY_MS) return;
    busySince.delete(chainId);
    app.log.error(
      { chainId },
      "somebody holds the lock of the audit's chain: what is done is recorded and not sealed; see who in pg_locks",
    );
  };

  const keepLast = async (chainId: string): Promise<void> => {
    const last = await lastSeal(app.orm.em.fork(), chainId);
    if (last) await keepHead(chainId, last);
    unkept?.delete(chainId);
  };

  /**
   * Updates the chain head file only if its head is still in the chain: a missing one is the evidence of truncation. Moves it
   * aside if it is from before a restore that this installation signed.
   */
  const keepHead = async (chainId: string, seal: Seal): Promise<void> => {
    const kept = await readKeptHead(home, chainId);
    if (kept !== null) {
      const isOurs =
        kept !== 'unreadable' && (await sealHash(app.orm.em.fork(), chainId, kept.sealNo)) === kept.hash;
      // Another process was quicker.
      if (isOurs && kept.sealNo >= seal.sealNo) return;
      if (!isOurs && !(await isOfBefore(chainId, kept))) return warnOnce(chainId);
      if (!isOurs) await setHeadsAside(home, app.now(), [chainId]);
    }
    const { sealNo, hash, eventSeq, logSeq, sealedAt } = seal;
    await keep(chainId, { sealNo, hash: hash.toString('hex'), eventSeq, logSeq, sealedAt });
  };

  const isOfBefore = async (chainId: string, kept: Kept): Promise<boolean> => {
    if (kept === null || kept === 'unreadable') return false;
    const { signed } = await readRestores({ app, em: app.orm.em.fork() }, chainId);
    return explainKeptHead(signed, kept) !== undefined;
  };

  const warnOnce = (chainId: string): void => {
    if (warned.has(chainId)) return;
    warned.add(chainId);
    const folder = keptHeadsFolder(home);
    app.log.error(
      { chainId, folder },
      "the audit's chain is not the one of which this machine kept the head: run smoocho audit verify",
    );
  };

  /** A chain that can't be sealed, or whose head can't be kept, keeps no other from it. Throws what the last one threw. */
  const sealEach = async (): Promise<boolean> => {
    const em = app.orm.em.fork();
    const chains = await unsealedChains(em);
    unkept ??= new Set((await listChains(em)).map(({ id }) => id));
    let isLeft = false;
    let failed: { chainId: string; error: unknown } | undefined;
    const each = async (chainId: string, work: () => Promise<void>) => {
      await work().catch((error: unknown) => {
        failed = { chainId, error };
      });
    };
    for (const chainId of chains) {
      await each(chainId, async () => {
        if (await sealSome(chainId)) isLeft = true;
      });
    }
    for (const chainId of [...unkept]) await each(chainId, () => keepLast(chainId));
    if (failed) throw new Error(`The chain ${failed.chainId} could not be sealed.`, { cause: failed.error });
    return isLeft;
  };

  /** One after the other: a second one would only find each chain taken. */
  const round = (): Promise<boolean> => {
    running = running.catch(() => false).then(sealEach);
    return running;
  };

  const work = async (): Promise<void> => {
    for (let idle = 0; !closing.signal.aborted; idle += 1) {
      if (isWoken || idle >= IDLE_ROUNDS) {
        isWoken = false;
        idle = 0;
        try {
          isWoken = await round();
          isFailing = false;
        } catch (error) {
          if (!isFailing) app.log.warn({ err: error }, 'the audit could not be sealed; trying again');
          isFailing = true;
        }
      }
      await sleep(EVERY_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  };

  const sealNow = async (): Promise<void> => {
    while (await round());
  };

  const stopListening = app.bus.onMessage(({ kind }) => {
    if (kind === 'events') isWoken = true;
  });
  const working = work();

  return {
    sealNow,
    async close() {
      closing.abort();
      stopListening();
      await working;
      if (isFailing) return;
      await round().catch((error) =>
        app.log.warn({ err: error }, 'what came last is not sealed yet: the next start seals it'),
      );
    },
  };
}
