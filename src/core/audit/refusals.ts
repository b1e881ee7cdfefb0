import type { EntityManager } from '@mikro-orm/postgresql';
import { networkOf } from '../auth/network.ts';
import type { Services } from '../context.ts';
import { recordSecurity, type SecurityRecord } from './record-security.ts';

/** Of one person (or address), route and reason there is one record in this time; the next one says how many there were. */
const EVERY_MS = 60_000;
const LOOK_EVERY_MS = 5_000;
/**
 * Different ones of a type in a shop, or in the installation, in that time. More are only counted: the disk is not theirs to
 * fill. A flood of strangers from everywhere, day and night, comes to some 40 MB a day, one by a shop's own people to as much.
 */
const MAX_KINDS = 50;
/** Of these, one person's or network's: whoever is refused on and on silences nobody else. */
const MAX_KINDS_EACH = 10;
/** Of all types and shops together, for they are in memory: as many as thirteen shops make whose people all flood. */
const MAX_SEEN = 2_000;
/** Written one after the other, so that a flood takes one of the database's connections, not all; these may wait. */
const MAX_QUEUED = 500;

export type Refusal = Omit<SecurityRecord, 'at'> & { type: 'denied' | 'limited' | 'pairing_failed' };

export type Refusals = {
  /** Records that somebody was refused. It takes no time and never throws. */
  note(refusal: Refusal): void;
  /** Writes what was counted and not written yet. */
  close(): Promise<void>;
};

/** `times`: those that came since the record of it was written; `room`: what it takes a place of. */
type Seen = { refusal: Refusal; room: Room; times: number; until: number };
type Room = { ofShop: string; ofOne: string };

/** Records refusals in the security log, after the answer and never at its cost; what can't be written is in the log of the program. */
export function openRefusals(app: Services & { orm: { em: EntityManager } }): Refusals {
  const seen = new Map<string, Seen>();
  const kinds = new Map<string, number>();
  let uncounted = 0;
  let queued = 0;
  let writing: Promise<void> = Promise.resolve();

  const kindsOf = (group: string) => kinds.get(group) ?? 0;
  const hasRoom = ({ ofShop, ofOne }: Room) =>
    seen.size < MAX_SEEN && kindsOf(ofShop) < MAX_KINDS && kindsOf(ofOne) < MAX_KINDS_EACH;
  const take = ({ ofShop, ofOne }: Room, count: 1 | -1): void => {
    for (const group of [ofShop, ofOne]) {
      const left = kindsOf(group) + count;
      if (left === 0) kinds.delete(group);
      else kinds.set(group, left);
    }
  };

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
        take(each.room, -1);
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
      // Of an IPv6 network everybody has as many addresses as they like.
      const who = actor.id ?? networkOf(address ?? '');
      const key = JSON.stringify([type, shopId, who, details?.route, details?.code]);
      const room = { ofShop: JSON.stringify([type, shopId]), ofOne: JSON.stringify([type, shopId, who]) };
      const known = seen.get(key);
      if (known) known.times += 1;
      else if (!hasRoom(room)) uncounted += 1;
      else {
        take(room, 1);
        seen.set(key, { refusal, room, times: 0, until: Date.now() + EVERY_MS });
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
