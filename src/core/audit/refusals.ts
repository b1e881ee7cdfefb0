import type { EntityManager } from '@mikro-orm/postgresql';
import type { Services } from '../context.ts';
import { recordSecurity, type SecurityRecord } from './record-security.ts';

/** Of one person (or address), route and reason there is one record in this time; the next one says how many there were. */
const EVERY_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/**
 * Different ones of a type in that time. Whoever makes more only gets them counted: the disk is not theirs to fill. A flood
 * from everywhere, day and night, comes to some 40 MB a day.
 */
const MAX_KINDS = 50;
/** Written one after the other, so that a flood takes one of the database's connections, not all; these may wait. */
const MAX_QUEUED = 500;

export type Refusal = Omit<SecurityRecord, 'at'> & { type: 'denied' | 'limited' | 'pairing_failed' };

export type Refusals = {
  /** Records that somebody was refused. It takes no time and never throws. */
  note(refusal: Refusal): void;
  /** Writes what was counted and not written yet. */
  close(): Promise<void>;
};

/** `times`: those that came since the record of it was written. */
type Seen = { refusal: Refusal; times: number; until: number };

/** Records refusals in the security log, after the answer and never at its cost; what can't be written is in the log of the program. */
export function openRefusals(app: Services & { orm: { em: EntityManager } }): Refusals {
  const seen = new Map<string, Seen>();
  const kinds: Record<Refusal['type'], number> = { denied: 0, limited: 0, pairing_failed: 0 };
  let uncounted = 0;
  let queued = 0;
  let writing: Promise<void> = Promise.resolve();

  const write = (refusal: Refusal, times: number): void => {
    if (queued >= MAX_QUEUED) {
      uncounted += times;
      return;
    }
    queued += 1;
    const details = times > 1 ? { ...refusal.details, times } : refusal.details;
    const record = { ...refusal, at: app.now(), ...(details && { details }) };
    writing = writing
      .then(() => recordSecurity(app.orm.em.fork(), record))
      .catch((error) => app.log.warn({ err: error, type: refusal.type }, 'a refusal could not be recorded'))
      .finally(() => {
        queued -= 1;
      });
  };

  const writeCounted = (isDue: (each: Seen) => boolean): void => {
    for (const [key, each] of seen) {
      if (!isDue(each)) continue;
      if (each.times === 0) {
        seen.delete(key);
        kinds[each.refusal.type] -= 1;
      } else {
        write(each.refusal, each.times);
        Object.assign(each, { times: 0, until: Date.now() + EVERY_MS });
      }
    }
    if (uncounted === 0) return;
    app.log.warn({ refusals: uncounted }, 'more was refused than is recorded one by one');
    uncounted = 0;
  };

  const looking = setInterval(() => {
    const now = Date.now();
    writeCounted(({ until }) => until <= now);
  }, LOOK_EVERY_MS);
  looking.unref();

  return {
    note(refusal) {
      const { type, shopId, actor, address, details } = refusal;
      const who = actor.id ?? address ?? '';
      const key = JSON.stringify([type, shopId, who, details?.route, details?.code]);
      const known = seen.get(key);
      if (known) known.times += 1;
      else if (kinds[type] >= MAX_KINDS) uncounted += 1;
      else {
        kinds[type] += 1;
        seen.set(key, { refusal, times: 0, until: Date.now() + EVERY_MS });
        write(refusal, 1);
      }
    },
    async close() {
      clearInterval(looking);
      writeCounted(({ times }) => times > 0);
      await writing;
    },
  };
}
