import { setTimeout as wait } from 'node:timers/promises';
import { usableBinaries } from './embedded-binaries.ts';
import { ensureCluster } from './embedded-cluster.ts';
import { type Guard, openGuard } from './embedded-guard.ts';
import { trimLog } from './embedded-log.ts';
import { findServer } from './embedded-pid-file.ts';
import { START_TIMEOUT_MS, signalServer, startServer, stopServer } from './embedded-process.ts';
import { NotYet } from './embedded-run.ts';
import { type ClusterPaths, chooseUser, ownData, prepareClusterPaths } from './embedded-user.ts';
import { DatabaseUnreachableError } from './errors.ts';

export type EmbeddedOptions = {
  /** The data lie in `<home>/postgres`. */
  home: string;
  /** Of the role `smoocho`; given to the cluster when it is made, asked for ever after. */
  password: string;
  /** A new cluster may be made in the place of one that is gone: its data are about to be restored. */
  isRestoring?: boolean;
  /** What happens, a line each. */
  log?: ((line: string) => void) | undefined;
  /** Warnings for the log, one sentence each. */
  warn?: ((line: string) => void) | undefined;
  /** Called when the server dies while attached; it is then started again on the same port. */
  onLost?: (() => void) | undefined;
  /**
   * A folder around `home` that is ours too (the demo's home lies in the real one): as root it may be
   * opened.
   */
  outerHome?: string | undefined;
  /** Of all that connect at a time; usually 60. */
  maxConnections?: number | undefined;
};

export type EmbeddedServer = {
  /** `postgres://smoocho:…@127.0.0.1:PORT/smoocho?sslmode=disable`, as of now: PGSSLMODE of a shell is for another PostgreSQL. */
  readonly url: string;
  readonly port: number;
  /** Whether this process started the server, rather than found it running. */
  readonly startedHere: boolean;
  /** Detaches; the last one out stops the server. Afterwards nothing keeps the process alive. */
  release(): Promise<void>;
};

type Held = { guard: Guard; port: number; startedHere: boolean };
type Attachment = {
  options: EmbeddedOptions;
  paths: ClusterPaths;
  log: (line: string) => void;
  stop: AbortSignal;
};

/**
 * Another process's stop or start takes a second or two; orphans of a killed server, until their query
 * ends.
 */
const ATTACH_TIMEOUT_MS = 30_000;
/** A full disk is noticed and cleared within minutes; a shop must not need a restart after that. */
const REATTACH_TIMEOUT_MS = 15 * 60_000;
const REATTACH_PAUSE_MS = 5_000;
/** A connection that breaks at this moment is had again; oftener, it is a server that goes down by itself. */
const RELEASE_TRIES = 3;
const TRIM_EVERY_MS = 3_600_000;

/**
 * Attaches to the PostgreSQL of this home, or starts it (making the cluster the first time) for as long as
 * anybody is attached. Any number of processes may do so at once; one that is killed needs no cleaning up after.
 * Throws DatabaseUnreachableError, HomeUnreachableError, and DatabaseRefusedError when the data of a shop are gone.
 */
export async function attachEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const paths = await prepareClusterPaths(options.home, options.outerHome);
  const stopper = new AbortController();
  const attachment = { options, paths, log: options.log ?? (() => {}), stop: stopper.signal };
  let last = await hold(attachment);
  let held: Held | undefined = last;
  let reattaching: Promise<void> | undefined;
  let released: Promise<void> | undefined;

  const watch = (now: Held) => {
    last = now;
    held = now;
    now.guard.onLost(() => {
      held = undefined;
      reattaching = reattach(attachment, now.port).then((again) => again && watch(again));
      options.onLost?.();
    });
  };
  const release = async () => {
    stopper.abort();
    clearInterval(trimming);
    await reattaching;
    for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
      // Lost and released at once: the server may run on with nobody attached.
      held ??= await holdRunning(attachment).catch(() => undefined);
      if (!held || (await letGo(attachment, held.guard)) !== 'lost') return;
      held = undefined;
    }
  };
  watch(last);
  trimLog(paths.logFile);
  const trimming = setInterval(trimLog, TRIM_EVERY_MS, paths.logFile);

  return {
    get url() {
      return `postgres://smoocho:${encodeURIComponent(options.password)}@127.0.0.1:${last.port}/smoocho?sslmode=disable`;
    },
    get port() {
      return last.port;
    },
    get startedHere() {
      return last.startedHere;
    },
    release() {
      released ??= release();
      return released;
    },
  };
}

/** Another process started it, and it reads its log after a crash: that takes longer than any other wait. */
class Starting extends NotYet {}

/** Attaches to what runs or starts it, again and again while others start or stop it at the same moment. */
async function hold(attachment: Attachment): Promise<Held> {
  const start = Date.now();
  for (;;) {
    try {
      return (await holdRunning(attachment)) ?? (await holdStarted(attachment));
    } catch (error) {
      // A full disk, a folder of another user's: what the system refuses is told, not tried again.
      if (isSystemError(error)) throw unreachable(attachment, error);
      if (!(error instanceof NotYet)) throw error;
      const limitMs = error instanceof Starting ? START_TIMEOUT_MS : ATTACH_TIMEOUT_MS;
      if (attachment.stop.aborted || Date.now() - start > limitMs) throw unreachable(attachment, error);
      await pause(50 + Math.random() * 150, attachment.stop);
    }
  }
}

async function holdRunning({ paths, options }: Attachment): Promise<Held | undefined> {
  const server = await findServer(paths.data);
  if (!server) return undefined;
  if (server.status === 'starting') throw new Starting('it is starting');
  if (server.status !== 'ready' || server.port === undefined) throw new NotYet('it is starting or stopping');
  return { guard: await openGuard(server.port, options.password), port: server.port, startedHere: false };
}

async function holdStarted({ paths, options, log }: Attachment): Promise<Held> {
  // Asked anew at each start: once there are data, their owner runs the server, whoever made them.
  let user = await chooseUser(paths);
  const binaries = await usableBinaries(paths.folder, user);
  const { password, isRestoring = false } = options;
  await ensureCluster(paths, { binaries, user, password, isRestoring, log });
  ownData(paths.data, user);
  user = await chooseUser(paths);
  const { pid, port } = await startServer(paths, binaries, user, options);
  log(`Started PostgreSQL on port ${port} (process ${pid})`);
  try {
    return { guard: await openGuard(port, options.password), port, startedHere: true };
  } catch (error) {
    // Smart: whoever is attached meanwhile stays so, and with nobody it stops at once.
    if (!(error instanceof NotYet)) await signalServer(paths, pid, 'SIGTERM');
    throw error;
  }
}

async function letGo({ paths, log }: Attachment, guard: Guard): Promise<'last' | 'not last' | 'lost'> {
  const state = await guard.letGo();
  const server = state === 'last' ? await findServer(paths.data) : undefined;
  // The lock is kept while it stops: who comes now waits for it, is thrown out with us, and starts anew.
  if (server) {
    await stopServer(paths, server.pid, log);
    log('Stopped PostgreSQL');
  }
  guard.end();
  return state;
}

/** Undefined when it was released meanwhile, or given up. */
async function reattach(attachment: Attachment, port: number): Promise<Held | undefined> {
  const { log, stop } = attachment;
  log('Lost PostgreSQL; starting it again');
  const deadline = Date.now() + REATTACH_TIMEOUT_MS;
  // Others lost it at the same moment: a random pause lets one of them start it and the others find it.
  let pauseMs = Math.random() * 300;
  while (!stop.aborted && Date.now() < deadline) {
    await pause(pauseMs, stop);
    if (stop.aborted) break;
    try {
      const held = await hold(attachment);
      if (held.port !== port)
        log(`PostgreSQL is now on port ${held.port}, as ${port} is taken: restart this`);
      return held;
    } catch (error) {
      if (!stop.aborted) log((error as Error).message);
      pauseMs = REATTACH_PAUSE_MS;
    }
  }
  if (!stop.aborted) log('PostgreSQL could not be started again; restart this when the cause is mended');
  return undefined;
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error;

const unreachable = ({ paths }: Attachment, { message }: Error) =>
  new DatabaseUnreachableError(
    `The embedded PostgreSQL can't be reached (${message}): look at ${paths.logFile}, mend ` +
      'what it names and try again.',
  );

/** Ends early, without an error, when released. */
const pause = (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }).catch(() => {});
