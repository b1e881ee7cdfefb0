import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { entries } from '../../src/cli/commands.ts';
import { envOf, launcher, smoocho } from './cli.ts';

export type WarmCall = { args: string[]; env: NodeJS.ProcessEnv };
/** `code` is null while it runs. */
export type WarmResult = { code: number | null; stdout: string; stderr: string };

const child = fileURLToPath(new URL('warm-child.ts', import.meta.url));
const main = fileURLToPath(new URL('../../dist/program/main.js', import.meta.url));

/** As long as a process of `smoocho` may take. */
const TIMEOUT_MS = 60_000;

type Commands = { run: typeof smoocho; close(): Promise<void> };

/** For the suite around, in the place of `smoocho`: see `openCommands`. */
export function warmCommands(): typeof smoocho {
  const commands = openCommands();
  after(() => commands.close());
  return commands.run;
}

/**
 * Runs a command for the first time in a process of its own, and later ones of the same name in one that stays; those that come at
 * once get one each. What has an input or limits always gets its own.
 */
export function openCommands(): Commands {
  const seen = new Set<string>();
  const all: Warm[] = [];
  return {
    async run(args, env, input = '', limits) {
      const name = nameOf(args);
      if (!seen.has(name) || input !== '' || limits) {
        seen.add(name);
        return await smoocho(args, env, input, limits);
      }
      const free = all.find((each) => each.isFree());
      const warm = free ?? startWarm();
      if (!free) all.push(warm);
      const result = await warm.run({ args, env: envOf(env) });
      return { ...result, json: () => JSON.parse(result.stdout) };
    },
    async close() {
      for (const warm of all) await warm.end();
    },
  };
}

/** The words of a command, such as `backup key create`; all there are, where no command is called so. */
function nameOf(args: string[]): string {
  const words = args.join(' ');
  const named = entries.filter(({ name }) => words === name || words.startsWith(`${name} `));
  return named.map(({ name }) => name).sort((a, b) => b.length - a.length)[0] ?? words;
}

export type Warm = {
  isFree(): boolean;
  run(call: WarmCall): Promise<WarmResult>;
  end(): Promise<void>;
};

/** `program` is the module that a process of the command begins with. */
export function startWarm(program = main, timeoutMs = TIMEOUT_MS): Warm {
  const process = fork(child, [launcher, program], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let busy = false;
  let lastWords = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords += text;
  });
  return {
    isFree: () => !busy && process.connected,
    async run(call) {
      busy = true;
      const late = setTimeout(() => process.kill('SIGKILL'), timeoutMs);
      try {
        process.send(call);
        const result = await resultOf(process);
        return { ...result, stderr: result.stderr + lastWords };
      } finally {
        clearTimeout(late);
        busy = false;
      }
    },
    async end() {
      if (process.exitCode !== null || process.signalCode !== null) return;
      const ended = once(process, 'exit');
      process.disconnect();
      await ended;
    },
  };
}

/** What the command wrote and its exit code; if it ended the process, the process's. */
async function resultOf(process: ChildProcess): Promise<WarmResult> {
  const done = new AbortController();
  const { signal } = done;
  try {
    return await Promise.race([
      once(process, 'message', { signal }).then(([result]) => result as WarmResult),
      once(process, 'close', { signal }).then(([code]) => ({ code, stdout: '', stderr: '' })),
    ]);
  } finally {
    done.abort();
  }
}
