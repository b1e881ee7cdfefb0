import { execFile } from 'node:child_process';

/** May work when retried: another process is starting or stopping the server. */
export class NotYet extends Error {
  override name = 'NotYet';
}

/** Whom the server runs as when it may not run as the one who asks (root). */
export type ServerUser = { uid: number; gid: number; name: string };

/**
 * What PostgreSQL's programs see of the environment: nothing of ours, since it holds secrets that the
 * unprivileged user could read. Messages are in English whatever the machine speaks, so that logs can be compared.
 */
export const BARE_ENV = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };

type RunOptions = { user?: ServerUser | undefined; cwd: string; timeoutMs: number; input?: string };

/** Runs a program to its end. `failure` is undefined when it exited with 0, else why not, in one line. */
export function run(file: string, args: string[], options: RunOptions): Promise<{ failure?: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      {
        ...identity(options.user),
        cwd: options.cwd,
        env: BARE_ENV,
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        windowsHide: true,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve({});
        if (error.killed) return resolve({ failure: `it took more than ${options.timeoutMs / 1000} s` });
        resolve({ failure: tellingLine(`${stdout}\n${stderr}`) ?? error.message.trim() });
      },
    );
    // A program that ends before it has read its input is told by its exit code, not by EPIPE.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** The part of spawn's options that names the user. */
export const identity = (user: ServerUser | undefined) => (user ? { uid: user.uid, gid: user.gid } : {});

/** Of a program's output, the line that says what went wrong: the last error, else the last line. */
export function tellingLine(output: string): string | undefined {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.findLast((line) => /\b(fatal|panic|error):/i.test(line)) ?? lines.at(-1);
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
