import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Bus } from '../../redis/bus.ts';
import type { Services } from '../context.ts';
import { headKeeper, keptHeadsFolder, readKeptHead } from './kept-heads.ts';
import type { Seal } from './seal.ts';
import { sealChain, unsealedChains } from './seal-chain.ts';
import { sealHash } from './sql/seals.ts';

/** A seal a second at most: under load one seal closes what came in that time. */
const EVERY_MS = 1_000;
/** So many of these pass before the database is asked though nobody said that something came: programs that tell nothing. */
const IDLE_ROUNDS = 5;
/** Of one chain in one round: a history that was never sealed takes many, and the other chains come in between. */
const SEALS_A_ROUND = 10;

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
  let running = Promise.resolve(false);
  let isWoken = true;
  let isFailing = false;

  /** Whether something is left for another round. */
  const sealSome = async (chainId: string): Promise<boolean> => {
    let last: Seal | undefined;
    let isLeft = true;
    for (let seals = 0; seals < SEALS_A_ROUND && isLeft; seals += 1) {
      const sealing = await sealChain({ app, em: app.orm.em }, chainId);
      if (sealing.kind === 'sealed') last = sealing.seal;
      isLeft = sealing.kind === 'sealed' && !sealing.seal.isAll;
    }
    if (last) await keepHead(chainId, last);
    return isLeft;
  };

  /** Only what goes on from the head that is kept: one that the chain doesn't have any more is what shows that it was cut off. */
  const keepHead = async (chainId: string, seal: Seal): Promise<void> => {
    const kept = await readKeptHead(home, chainId);
    if (kept !== null) {
      const isOurs =
        kept !== 'unreadable' && (await sealHash(app.orm.em.fork(), chainId, kept.sealNo)) === kept.hash;
      if (!isOurs) return warnOnce(chainId);
      // Another process was quicker.
      if (kept.sealNo >= seal.sealNo) return;
    }
    const { sealNo, hash, eventSeq, logSeq, sealedAt } = seal;
    await keep(chainId, { sealNo, hash: hash.toString('hex'), eventSeq, logSeq, sealedAt });
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

  const sealEach = async (): Promise<boolean> => {
    let isLeft = false;
    for (const chainId of await unsealedChains(app.orm.em.fork())) {
      if (await sealSome(chainId)) isLeft = true;
    }
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
      await round().catch((error) => app.log.warn({ err: error }, 'what came last is not sealed yet'));
    },
  };
}
