import { login, logout, refresh, type SignedIn } from '../contract/auth.ts';
import { pairDevice } from '../contract/devices.ts';
import type { Shop } from '../contract/shops.ts';
import type { User } from '../contract/users.ts';
import { type Context, tell } from './context.ts';
import { isProblem, localProblem, type ProblemAnswer } from './errors.ts';
import type { Http } from './http.ts';
import { newId } from './ids.ts';
import { endsSession } from './meanings.ts';
import { inTurn } from './turns.ts';

const SESSION = 'session';
const DEVICE = 'device';
const RENEWING = 'renewing';

/** A token is renewed when this share of its life is left, at most a minute: before it fails, and not all the time. */
const RENEW_SHARE = 0.1;
const RENEW_MOST_MS = 60_000;
/** How long another tab that renewed the same session takes at most to write down what it got. */
const OTHER_TAB_MS = 500;
/** A renewal takes less, on all but the poorest lines; and whoever crashed in the middle of one waits no longer for it. */
const TURN_MS = 3_000;

/** Who is signed in, and which shops are theirs. */
export type Session = { user: User; shops: Shop[] };

/** This till as the shop knows it, once it is paired. */
export type PairedDevice = {
  id: string;
  name: string;
  shop: { id: string; name: string; code: string; currency: string; timezone: string };
};

/** A till that is not paired: an id and a name of its own choice. */
export type UnpairedDevice = { id: string; name: string };

type Tokens = { accessToken: string; refreshToken: string; expiresIn: number };
type StoredSession = Session & {
  accessToken: string;
  refreshToken: string;
  /** By this machine's clock. */
  renewAt: number;
  /** What its renewal is known by, once it was asked for. */
  attempt?: string;
};
type StoredDevice = PairedDevice & { token: string };

export type Sessions = {
  signIn(email: string, password: string): Promise<Session>;
  signOut(): Promise<void>;
  pair(code: string, name?: string): Promise<PairedDevice>;
  device(): Promise<PairedDevice | null>;
  forgetDevice(): Promise<void>;
  session(): Promise<Session | null>;
  /** One that is good for a while yet, or null when nobody is signed in. Throws as `renewed`. */
  token(): Promise<string | null>;
  /**
   * After the server refused `token`: another one. Throws `unauthenticated` or `device_refused` when the session is over;
   * NoAnswerError, or what the server says when it can't now.
   */
  renewed(token: string): Promise<string>;
};

/**
 * Keeps the session of this till and renews its token, once for all who ask at the same time. A session ends when the
 * server says so, never because it can't be reached.
 */
export function createSessions(
  context: Context,
  http: Http,
  options: {
    device: UnpairedDevice | undefined;
    onSignedOut: ((problem: ProblemAnswer) => unknown) | undefined;
  },
): Sessions {
  const { store, timeoutMs } = context;
  let current: StoredSession | null = null;
  let renewing: Promise<string> | null = null;

  /** While nobody is signed in it looks again each time: another tab may have. */
  async function load(): Promise<void> {
    if (current) return;
    const stored = (await store.get(SESSION)) as StoredSession | undefined;
    current ??= stored ?? null;
  }

  async function keep(session: Session, tokens: Tokens, attempt?: string): Promise<StoredSession> {
    const lifeMs = tokens.expiresIn * 1000;
    const { accessToken, refreshToken } = tokens;
    const renewAt = context.now() + lifeMs - Math.min(RENEW_MOST_MS, lifeMs * RENEW_SHARE);
    const { user, shops } = session;
    const stored = { user, shops, accessToken, refreshToken, renewAt, ...(attempt && { attempt }) };
    const before = current;
    try {
      // On the disk before anybody uses it: from then on the refresh token before is a copied one to the server, and a
      // restart that still had it would be signed out.
      await store.put(SESSION, stored);
    } finally {
      // Who signed out meanwhile stays so.
      if (current === before) current = stored;
    }
    return stored;
  }

  async function readDevice(): Promise<StoredDevice | null> {
    return ((await store.get(DEVICE)) as StoredDevice | undefined) ?? null;
  }

  /** Another tab on the same store may have renewed the session that `known` is of. */
  async function renewedElsewhere(known: StoredSession): Promise<StoredSession | null> {
    const stored = (await store.get(SESSION)) as StoredSession | undefined;
    return stored && stored.refreshToken !== known.refreshToken ? stored : null;
  }

  const isOf = (known: StoredSession, value: unknown): value is StoredSession =>
    (value as StoredSession | undefined)?.refreshToken === known.refreshToken;

  /**
   * On the disk before the server is asked: after a crash it is asked the same again. Whoever copied the token doesn't know
   * it, so that a renewal of theirs is found out.
   */
  async function attemptOf(known: StoredSession): Promise<string> {
    let attempt = newId(context.now());
    await store.update(SESSION, (value) => {
      if (!isOf(known, value)) return value;
      attempt = value.attempt ?? attempt;
      return { ...value, attempt };
    });
    return attempt;
  }

  async function end(known: StoredSession, problem: ProblemAnswer): Promise<void> {
    await store.update(SESSION, (value) => (isOf(known, value) ? undefined : value));
    if (current !== known) return;
    current = null;
    await tell(context, () => options.onSignedOut?.(problem));
  }

  async function renew(): Promise<string> {
    const known = current;
    if (!known) throw signedOut();
    const elsewhere = await renewedElsewhere(known);
    if (elsewhere) {
      current = elsewhere;
      return elsewhere.accessToken;
    }
    try {
      const attempt = await attemptOf(known);
      const body = { refreshToken: known.refreshToken, attempt };
      const answer = await http({ method: refresh.method, path: refresh.path, body, timeoutMs });
      // Somebody signed in or out meanwhile: what came is of no use.
      if (current !== known) return tokenOfNow();
      const tokens = answer.body as Tokens;
      // A server whose database takes no changes gives the same refresh token: an earlier renewal by it may still come true.
      const isSame = tokens.refreshToken === known.refreshToken;
      return (await keep(known, tokens, isSame ? attempt : undefined)).accessToken;
    } catch (error) {
      if (!endsSession(error)) throw error;
      if (current !== known) return tokenOfNow();
      await new Promise((resolve) => setTimeout(resolve, OTHER_TAB_MS));
      const late = await renewedElsewhere(known);
      if (late) {
        current = late;
        return late.accessToken;
      }
      await end(known, error);
      throw error;
    }
  }

  function tokenOfNow(): string {
    if (!current) throw signedOut();
    return current.accessToken;
  }

  const share = () => {
    // Two tabs that renew at once would both be right; but the one that came late, with a token that the other one's new
    // tokens made an old one, would be taken for a thief.
    renewing ??= inTurn(context, RENEWING, TURN_MS, renew).finally(() => {
      renewing = null;
    });
    return renewing;
  };

  async function freshToken(): Promise<string | null> {
    await load();
    if (!current) return null;
    return context.now() < current.renewAt ? current.accessToken : await share();
  }

  return {
    async signIn(email, password) {
      await load();
      const paired = await readDevice();
      const device = paired ? { id: paired.id, token: paired.token } : options.device;
      const body = { email, password, ...(device ? { device } : {}) };
      const answer = await http({ method: login.method, path: login.path, body, timeoutMs });
      const { user, shops, ...tokens } = answer.body as SignedIn;
      await keep({ user, shops }, tokens);
      return { user, shops };
    },
    async signOut() {
      const token = await freshToken().catch(() => null);
      await store.delete(SESSION);
      current = null;
      // Its own wish is enough: where the server can't be told, the session ends by itself.
      if (token) await http({ method: logout.method, path: logout.path, token, timeoutMs }).catch(() => {});
    },
    async pair(code, name) {
      const body = { code, ...(name === undefined ? {} : { name }) };
      const answer = await http({ method: pairDevice.method, path: pairDevice.path, body, timeoutMs });
      const { device, deviceToken, shop } = answer.body as {
        device: { id: string; name: string };
        deviceToken: string;
        shop: PairedDevice['shop'];
      };
      const paired = { id: device.id, name: device.name, shop };
      await store.put(DEVICE, { ...paired, token: deviceToken });
      return paired;
    },
    async device() {
      const paired = await readDevice();
      return paired && { id: paired.id, name: paired.name, shop: paired.shop };
    },
    forgetDevice: () => store.delete(DEVICE),
    async session() {
      await load();
      return current && { user: current.user, shops: current.shops };
    },
    token: freshToken,
    async renewed(token) {
      await load();
      // Whoever asks late finds it done.
      if (current && current.accessToken !== token) return current.accessToken;
      return await share();
    },
  };
}

const signedOut = () => localProblem('unauthenticated', 'Sign in first.');

export const isUnauthenticated = (error: unknown): boolean => isProblem(error, 'unauthenticated');
