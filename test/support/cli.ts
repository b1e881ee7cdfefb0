import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../bin/smoocho.js', import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
export type Ran = { code: number | null; stdout: string; stderr: string; json: () => any };
type Env = Record<string, string | undefined>;

/** Tests ask for more at once than any till. */
export const unlimited = { REQUESTS_PER_SECOND: '100000', CONNECTIONS_PER_ADDRESS: '100000' };

/** The environment of a command: this one's, without what would lead it to somebody's real shop. */
export const envOf = (env: Env) => ({
  ...process.env,
  DATABASE_URL: '',
  LOG_LEVEL: 'silent',
  // Its own tests turn it on: others would pay for it, and meet on its port.
  TLS: 'off',
  // As where it is installed; in a checkout messages name ./bin/smoocho.js.
  SMOOCHO_COMMAND: 'smoocho',
  ...unlimited,
  ...env,
});

/** `maxFileKb` limits the size of any file it writes, as some file systems do. */
type Limits = { maxFileKb?: number; timeoutMs?: number; onStart?: (pid: number) => void };

/**
 * A fifth less processor time for a command: no threads of their own for its collections, and room at once for what it loads.
 * Those that the launcher keeps small don't get the room.
 */
const flagsFor = (command = '') => [
  '--single-threaded-gc',
  ...(['start', 'backup', 'restore', 'export'].includes(command) ? [] : ['--min-semi-space-size=16']),
];

/** Runs the built command line to its end, off a terminal. */
export async function smoocho(
  args: string[],
  env: Env,
  input = '',
  { maxFileKb, timeoutMs = 60_000, onStart }: Limits = {},
): Promise<Ran> {
  const command = [process.execPath, ...flagsFor(args[0]), launcher, ...args];
  const limited = ['bash', '-c', `ulimit -f ${maxFileKb}; exec "$0" "$@"`, ...command];
  const [program, ...rest] = maxFileKb === undefined ? command : limited;
  const child = spawn(program as string, rest, {
    env: envOf(env),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  onStart?.(child.pid as number);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** Starts the built command line and leaves it to the test. */
export const startSmoocho = (args: string[], env: Env): ChildProcess =>
  spawn(process.execPath, [launcher, ...args], { env: envOf(env), stdio: 'ignore' });

export type Server = {
  child: ChildProcess;
  output: () => string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
};

/** Starts `smoocho start`, of this checkout or of a copy of it, and waits until its output has `until`. */
export async function startCli(
  args: string[],
  env: Env,
  until: string | RegExp,
  program = launcher,
): Promise<Server> {
  const child = spawn(process.execPath, [program, 'start', ...args], {
    env: envOf(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`It did not start within 90 s: ${output}`)), 90_000);
    const read = (text: string) => {
      output += text;
      if (typeof until === 'string' ? !output.includes(until) : !until.test(output)) return;
      clearTimeout(late);
      resolve();
    };
    child.stdout?.setEncoding('utf8').on('data', read);
    child.stderr?.setEncoding('utf8').on('data', read);
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${output}`)));
  });
  return {
    child,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      const ended = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

export const PASSWORD = 'correct horse battery';

/** A file with the owner's password in it, as `--password-file` takes it. */
export function passwordFile(folder: string, password = PASSWORD): string {
  const path = join(folder, 'password.txt');
  writeFileSync(path, `${password}\n`, { mode: 0o600 });
  return path;
}

/** The options of `init` that name everything. */
export const initOptions = (folder: string) => [
  '--yes',
  '--shop-name=Kulfi Corner',
  '--shop-code=KULF',
  '--currency=INR',
  '--timezone=Asia/Kolkata',
  '--owner-name=Asha',
  '--owner-email=asha@example.com',
  `--password-file=${passwordFile(folder)}`,
];
