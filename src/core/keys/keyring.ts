import { createHmac, type KeyObject, sign, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager, MikroORM } from '@mikro-orm/postgresql';
import { ConfigError, type MasterKeyPlace } from '../../config.ts';
import type { Services } from '../context.ts';
import { type Keys, type Purpose, purposes } from './keys.ts';
import { WrongKeyError } from './master-key.ts';
import { finishChange, makeMissingKeys, readKeys } from './open-keys.ts';
import { type HeldKey, NO_KEYS, type Ring } from './ring.ts';

/** How long tokens of a key that was replaced are good: they live for a quarter of an hour, and a server may be slow to hear. */
export const RETIRED_TOKEN_KEY_MS = 3_600_000;
/** How often a server looks for keys that another process made. A token that is signed with one is a reason to look at once. */
const LOOK_EVERY_MS = 10_000;

/** Whoever asks within this time after the first is answered by the same look: at most a hundred a second. */
const GATHER_MS = 10;

const BEHIND =
  'There are new keys that do not open here. This server goes on with those that it has, and refuses tokens of the new ones.';

const KEY_ID = /^[\w-]{12}$/;

export type Keyring = Keys & {
  /** Looks for keys that other processes made or took away. */
  reload(): Promise<void>;
  close(): Promise<void>;
};

type Options = { place: MasterKeyPlace; now: () => Date; log: Services['log'] };

/**
 * Opens the keys of a database, and makes those that it has not got. Throws WrongKeyError before anything is written when
 * the master key is another one or is gone; ConfigError when it is open to others.
 */
export async function openKeyring(orm: MikroORM, { place, now, log }: Options): Promise<Keyring> {
  const em = () => orm.em.fork();
  let ring = await openKeys(em, place, now);
  let isBehind = false;
  const load = async () => {
    try {
      ring = await readKeys(em(), place, ring);
      isBehind = false;
    } catch (error) {
      if (!(error instanceof WrongKeyError || error instanceof ConfigError)) throw error;
      // What is in memory goes on being right. Said once, not each time that it is looked.
      if (!isBehind) log.error({ err: error }, BEHIND);
      isBehind = true;
    }
  };
  const loading = oneAtATime(load);
  const look = setInterval(() => {
    loading.again().catch((error) => log.warn({ err: error }, 'it could not be looked for new keys'));
  }, LOOK_EVERY_MS).unref();

  const currentOf = (purpose: Purpose) => ring.current.get(purpose) as HeldKey;
  const heldTokenKey = (id: string) => goodTokenKey(ring.held.get(id), now());
  return {
    ...keysOf(() => ring, currentOf),
    heldTokenKey,
    async findTokenKey(id) {
      if (!ring.held.has(id) && KEY_ID.test(id)) await loading.again();
      return heldTokenKey(id);
    },
    reload: loading.again,
    async close() {
      clearInterval(look);
      await loading.done();
    },
  };
}

async function openKeys(em: () => EntityManager, place: MasterKeyPlace, now: () => Date): Promise<Ring> {
  let ring = await readKeys(em(), place, NO_KEYS);
  if (purposes.some((purpose) => !ring.current.has(purpose))) {
    await makeMissingKeys(em(), place, now());
    ring = await readKeys(em(), place, ring);
  }
  if (ring.isUnfinished) await finishChange(em(), place);
  return ring;
}

function keysOf(
  ring: () => Ring,
  currentOf: (purpose: Purpose) => HeldKey,
): Omit<Keys, 'findTokenKey' | 'heldTokenKey'> {
  return {
    sign(bytes) {
      const { id, key } = currentOf('audit');
      return { keyId: id, signature: sign(null, bytes, key) };
    },
    verifySignature(keyId, bytes, signature) {
      const publicKey = ring().held.get(keyId)?.publicKey;
      return publicKey ? verify(null, bytes, publicKey, signature) : false;
    },
    hmac(purpose, ...parts) {
      const hmac = createHmac('sha256', currentOf(purpose).key);
      for (const part of parts) {
        const bytes = Buffer.from(part as string);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        hmac.update(length).update(bytes);
      }
      return hmac.digest();
    },
    tokenKey: () => currentOf('token'),
    fieldKey: currentOf,
    findFieldKey(purpose, id) {
      const held = ring().held.get(id);
      return held?.purpose === purpose ? held.key : undefined;
    },
  };
}

function goodTokenKey(held: HeldKey | undefined, now: Date): KeyObject | undefined {
  if (held?.purpose !== 'token') return undefined;
  const { retiredAt, key } = held;
  return retiredAt && now.getTime() - retiredAt.getTime() >= RETIRED_TOKEN_KEY_MS ? undefined : key;
}

/**
 * Runs `work` once at a time, for all who ask: whoever asks gets one that began after they asked, for one that is under way
 * may have read what was before. However many ask, one more at most is waiting.
 */
function oneAtATime(work: () => Promise<void>) {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return {
    again(): Promise<void> {
      waiting ??= running
        .catch(() => {})
        .then(() => sleep(GATHER_MS))
        .then(() => {
          waiting = undefined;
          running = work();
          return running;
        });
      return waiting;
    },
    done: () => (waiting ?? running).catch(() => {}),
  };
}
