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

/**
 * For the suite around, in the place of `smoocho`: runs a command for the first time in a process of its own, and later ones of the
 * same name in one that stays. One that comes while another runs there gets its own, too: commands that wait for each other still
 * do. So does one with an input or limits.
 */
export function warmCommands(): typeof smoocho {
  const seen = new Set<string>();
  let warm: Warm | undefined;
  after(async () => {
    await warm?.end();
  });
  return async (args, env, input = '', limits) => {
    const name = nameOf(args);
    if (!seen.has(name) || input !== '' || limits || warm?.isBusy()) {
      seen.add(name);
      return await smoocho(args, env, input, limits);
    }
    if (!warm?.isAlive()) warm = startWarm();
    const result = await warm.run({ args, env: envOf(env) });
    return { ...result, json: () => JSON.parse(result.stdout) };
  };
}

/** The words of a command, such as `backup key create`; all there are, where no command is called so. */
function nameOf(args: string[]): string {
  const words = args.join(' ');
  const named = entries.filter(({ name }) => words === name || words.startsWith(`${name} `));
  return named.map(({ name }) => name).sort((a, b) => b.length - a.length)[0] ?? words;
}

type Warm = {
  isBusy(): boolean;
  isAlive(): boolean;
  run(call: WarmCall): Promise<WarmResult>;
  end(): Promise<void>;
};

function startWarm(): Warm {
  const process = fork(child, [launcher, main], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let busy = false;
  let lastWords = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords += text;
  });
  return {
    isBusy: () => busy,
    isAlive: () => process.connected,
    async run(call) {
      busy = true;
      const late = setTimeout(() => process.kill('SIGKILL'), TIMEOUT_MS);
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
