import { type ChildProcess, spawn } from 'node:child_process';
import { constants, getPriority, setPriority } from 'node:os';

/** How a command ended; `stopped` if the signal aborted. */
export type CommandEnd =
  | { kind: 'done' }
  | { kind: 'failed'; sentence: string; code: number | null; signal: string | null; stderr: string }
  | { kind: 'stopped' };

export type CommandOptions = {
  /** Script of the program, run with this Node, and options before the command's own. */
  program: readonly string[];
  argv: readonly string[];
  env: Record<string, string | undefined>;
  timeoutMs: number;
  /** Time between SIGTERM and SIGKILL. */
  graceMs: number;
  signal: AbortSignal;
};

/** A result is some kilobytes of JSON. */
const MAX_STDOUT = 256 * 1024;
/** Kept from the end of stderr: what a command prints last is why it failed. */
const MAX_STDERR = 8 * 1024;
/** A grandchild may keep the pipe open. */
const DRAIN_MS = 1_000;
/** A process that waits for a disk which doesn't respond, such as a network disk, can't be killed. */
const KILL_TIMEOUT_MS = 5_000;

/**
 * Runs a command of this program in its own process, at a lower priority, so that it shares neither memory
 * nor event loop with the server. After `timeoutMs`, or when `signal` aborts, it gets SIGTERM, then SIGKILL.
 * Our commands also end when this process dies, which they notice by the IPC channel (`SMOOCHO_JOB`).
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  const { program, argv, env, signal } = options;
  if (signal.aborted) return { kind: 'stopped' };
  const child = spawn(process.execPath, [...program, ...argv], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C in the terminal is for the server only, which then ends this process.
    detached: true,
    windowsHide: true,
  });
  lowerPriority(child);
  const stdout = gather(child.stdout, MAX_STDOUT);
  const stderr = gather(child.stderr, MAX_STDERR);
  const end = await endOf(child, options);
  const { code, signal: by, endedBy } = end;
  if (endedBy === 'server') return { kind: 'stopped' };
  if (code === 0 && endedBy === null) return { kind: 'done' };
  return { kind: 'failed', sentence: sentenceOf(options, end, stdout()), code, signal: by, stderr: stderr() };
}

type Exit = {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Set if it could not be started. */
  error?: Error;
  /** Why it was told to end, if it was: an exit code of 0 then does not mean success. */
  endedBy: 'server' | 'timeout' | null;
};

/** Waits for the process to exit and for its output, and ends it in time. */
async function endOf(
  child: ChildProcess,
  { timeoutMs, graceMs, signal: stopSignal }: CommandOptions,
): Promise<Exit> {
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, work: () => void) => timers.push(setTimeout(work, ms));
  let endedBy: Exit['endedBy'] = null;
  let stopByServer = () => {};
  const forget = () => {
    stopSignal.removeEventListener('abort', stopByServer);
    for (const timer of timers.splice(0)) clearTimeout(timer);
  };
  const exit = await new Promise<Exit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal, endedBy });
    const stop = (by: Exit['endedBy']) => {
      endedBy ??= by;
      child.kill('SIGTERM');
      after(graceMs, () => child.kill('SIGKILL'));
      after(graceMs + KILL_TIMEOUT_MS, () => {
        letGo(child);
        end(null, 'SIGKILL');
      });
    };
    stopByServer = () => stop('server');
    stopSignal.addEventListener('abort', stopByServer);
    after(timeoutMs, () => stop('timeout'));
    child.once('error', (error) => resolve({ code: null, signal: null, error, endedBy }));
    child.once('exit', (code, signal) => {
      forget();
      child.once('close', () => end(code, signal));
      after(DRAIN_MS, () => end(code, signal));
    });
  });
  forget();
  return exit;
}

/** Lets this process exit while the child still runs. */
function letGo(child: ChildProcess): void {
  for (const stream of [child.stdout, child.stderr]) stream?.destroy();
  if (child.connected) child.disconnect();
  child.unref();
}

/** Gives the server priority. On systems without priorities the child runs as it is. */
function lowerPriority({ pid }: ChildProcess): void {
  try {
    const { PRIORITY_BELOW_NORMAL, PRIORITY_LOW } = constants.priority;
    if (pid !== undefined) setPriority(pid, Math.min(PRIORITY_LOW, getPriority() + PRIORITY_BELOW_NORMAL));
  } catch {
    // It has exited already, or we lack the right.
  }
}

/** Keeps the last `max` characters of a stream. */
function gather(stream: NodeJS.ReadableStream | null, max: number): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (more: string) => {
    text = (text + more).slice(-max);
  });
  return () => text;
}

/** Returns the command's own error message, or one that helps to find the cause. */
function sentenceOf(
  { argv, timeoutMs }: CommandOptions,
  { code, signal, error, endedBy }: Exit,
  stdout: string,
) {
  const command = `"smoocho ${argv.filter((word) => word !== '--json').join(' ')}"`;
  if (error) return `${command} could not be started (${error.message}).`;
  if (endedBy === 'timeout') return `${command} was not done after ${hours(timeoutMs)} hours and was ended.`;
  const said = saidIn(stdout);
  if (said) return said;
  if (signal === 'SIGKILL') return `${command} was killed, as the system does when memory runs out.`;
  return `${command} ended ${signal ? `by ${signal}` : `with exit code ${code}`}. Run it to see why.`;
}

const hours = (ms: number) => Math.round(ms / 360_000) / 10;

/** Reads `{error: {title, detail?}}`, or the first of a check's `findings`. */
function saidIn(stdout: string): string | undefined {
  let answer: { error?: { title?: unknown; detail?: unknown }; findings?: unknown } | null;
  try {
    answer = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  const [finding] = Array.isArray(answer?.findings) ? answer.findings : [];
  const texts = [answer?.error?.detail, answer?.error?.title, finding?.detail, finding];
  return texts.find((text) => typeof text === 'string' && text !== '');
}
