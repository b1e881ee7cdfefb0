import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ImageRefusedError, StoreUnavailableError } from './errors.ts';
import type { ImageReply, ImageTask, MadeFile } from './image-child.ts';
import { formatOf, HEAD_BYTES } from './image-format.ts';

/** One file of an image, as stored in the database. `width` is the one in its key; a small image has fewer pixels. */
export type ImageFile = {
  width: number;
  pixelWidth: number;
  pixelHeight: number;
  sizeBytes: number;
  sha256: string;
};

/** `hash` is the SHA-256 over the bytes of all files, narrowest first; the keys are made from it. */
export type ProcessedImage = { hash: string; files: (ImageFile & { bytes: Uint8Array })[] };

export type ImageProcessor = {
  /**
   * Makes the files of an image, one image at a time. Throws ImageRefusedError for a file that is not an image or breaks the
   * decoder, StoreUnavailableError where this machine can't decode at all.
   */
  process(path: string): Promise<ProcessedImage>;
  /** The child's process id, while it runs. */
  pid(): number | undefined;
  /** Kills the child; running and queued calls reject. */
  close(): void;
};

/** A Raspberry Pi needs a third of this for the largest image. */
const TIMEOUT_MS = 30_000;
const START_TIMEOUT_MS = 20_000;
/** One upload is often followed by more; after this the child ends and frees its memory. */
const IDLE_MS = 10_000;
/** The largest image of the most expensive accepted format takes 540 MB. */
export const MAX_CHILD_BYTES = 640 * 1024 * 1024;
const LOOK_MS = 100;
const STDERR_LENGTH = 2_000;

// In a checkout the TypeScript sources run unbuilt.
const SCRIPT = fileURLToPath(
  new URL(`./image-child.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);
/** The only environment variables the child gets: it needs no keys or passwords. */
const PASSED_ON = [
  'PATH',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'SystemRoot',
  'TEMP',
  'TMPDIR',
  'NODE_COMPILE_CACHE',
];

/** `timeoutMs` limits one image. */
export function openImageProcessor({ timeoutMs = TIMEOUT_MS } = {}): ImageProcessor {
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const end = () => {
    clearTimeout(idle);
    child?.kill('SIGKILL');
    child = undefined;
  };
  const work = async (task: ImageTask): Promise<MadeFile[]> => {
    clearTimeout(idle);
    // The child may have been killed while idle, such as by the OOM killer.
    if (!child || child.exitCode !== null || child.signalCode !== null) child = await startChild();
    // `close` may have been called while the child started.
    if (isClosed) end();
    requireOpen(isClosed);
    try {
      const reply = await ask(child, task, timeoutMs);
      if ('reason' in reply) throw new ImageRefusedError(reply.reason);
      idle = setTimeout(end, IDLE_MS).unref();
      return reply.files;
    } catch (error) {
      // Start a fresh child for the next image, whatever this one did to it.
      end();
      throw error;
    }
  };
  return {
    process(path) {
      const mine = last.then(async () => {
        requireOpen(isClosed);
        const head = formatOf(await readHead(path));
        if ('reason' in head) throw new ImageRefusedError(head.reason);
        return nameFiles(await work({ path, format: head.format }));
      });
      last = mine.catch(() => {});
      return mine;
    },
    pid: () => child?.pid,
    close() {
      isClosed = true;
      end();
    },
  };
}

function requireOpen(isClosed: boolean): void {
  if (isClosed)
    throw new StoreUnavailableError('Closed', 'Pictures are not decoded any more: the server stops.');
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function nameFiles(made: MadeFile[]): ProcessedImage {
  const whole = createHash('sha256');
  const files = made.map((file) => {
    whole.update(file.bytes);
    const sha256 = createHash('sha256').update(file.bytes).digest('hex');
    return { ...file, sizeBytes: file.bytes.length, sha256 };
  });
  return { hash: whole.digest('hex'), files };
}

async function startChild(): Promise<ChildProcess> {
  const env = Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const child = fork(SCRIPT, [], {
    execArgv: ['--max-old-space-size=128'],
    // One arena: memory freed after one image is reused for the next.
    env: { ...env, MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '1', VIPS_WARNING: '0' },
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-STDERR_LENGTH);
  });
  // Unref stderr, so that it alone does not keep the process alive.
  (child.stderr as Socket | null)?.unref();
  try {
    await messageOf(child, START_TIMEOUT_MS);
    return child;
  } catch {
    child.kill('SIGKILL');
    // Its file or Node itself: an upgrade has taken them away, and puts others in their place.
    if (!existsSync(SCRIPT) || !existsSync(process.execPath)) throw replaced();
    const reason = /^\w*Error: .*$/m.exec(said)?.[0] ?? 'it does not start';
    throw new StoreUnavailableError(
      'NoDecoder',
      `Pictures can not be decoded on this machine (${reason.slice(0, 300)}).`,
    );
  }
}

const replaced = () =>
  new StoreUnavailableError(
    'Replaced',
    'The program is being replaced on this machine, so that pictures can not be decoded. Try again in a few minutes.',
  );

async function ask(child: ChildProcess, task: ImageTask, timeoutMs: number): Promise<ImageReply> {
  let isTooLarge = false;
  const watch = setInterval(async () => {
    if ((await residentBytes(child.pid)) <= MAX_CHILD_BYTES) return;
    isTooLarge = true;
    child.kill('SIGKILL');
  }, LOOK_MS);
  try {
    child.send(task);
    return (await messageOf(child, timeoutMs)) as ImageReply;
  } catch (error) {
    if (isTooLarge)
      throw new ImageRefusedError('The picture takes more memory than there is for one. Make it smaller.');
    throw error;
  } finally {
    clearInterval(watch);
  }
}

/** Zero where /proc is missing. */
async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
}

/** The child's next message. The child keeps this process alive only during the wait. */
async function messageOf(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  child.ref();
  child.channel?.ref();
  const off = new AbortController();
  try {
    return await new Promise<unknown>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new ImageRefusedError('The picture takes too long to be read. Save it anew.')),
        timeoutMs,
      );
      const listeners = {
        message: resolve,
        error: reject,
        exit: () =>
          reject(
            new ImageRefusedError('The picture can not be read: it breaks what reads it. Save it anew.'),
          ),
      };
      for (const [event, listener] of Object.entries(listeners)) child.once(event, listener);
      off.signal.addEventListener('abort', () => {
        clearTimeout(late);
        for (const [event, listener] of Object.entries(listeners)) child.off(event, listener);
      });
    });
  } finally {
    off.abort();
    // Without a listener, an 'error' event between calls would end this process.
    if (child.listenerCount('error') === 0) child.on('error', () => {});
    child.unref();
    child.channel?.unref();
  }
}
