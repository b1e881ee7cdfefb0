import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { envOf, launcher } from './cli.ts';

/** A command on a pseudo terminal: read its output and type. */
export type Terminal = {
  /** All output, without colours and cursor moves. */
  output(): string;
  /** Raw output, as the terminal got it. */
  raw(): string;
  /** Waits for output after the last match; resolves to what matched. */
  shows(what: string | RegExp): Promise<string>;
  /** Types something, such as `\r` for Enter or `\x03` for Ctrl-C. */
  type(keys: string): void;
  /** Waits for a question and answers it with a line. */
  answer(question: string | RegExp, line: string): Promise<void>;
  /** Waits for it to exit; resolves to the exit code. */
  ends(): Promise<number | null>;
  /** Signals the command itself. */
  signal(name: NodeJS.Signals): void;
  child: ChildProcess;
};

/** Long enough to start on a busy machine; also catches a command that waits for a key forever. */
const SHOW_MS = 60_000;
/** A usual width. The pseudo terminal itself would have no size. */
const SIZE = 'stty cols 100 rows 50';

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Skips a suite, with the reason, where util-linux's pseudo terminal is missing. */
export function requireTerminal(test: Mocha.Context): void {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (stdout?.includes('util-linux')) return;
  console.log("    skipped: util-linux's script, which makes a pseudo terminal, is not installed");
  test.skip();
}

/** Runs the built command line on a pseudo terminal. */
export function onTerminal(args: string[], env: Record<string, string | undefined>): Terminal {
  const command = [process.execPath, launcher, ...args].map(quote).join(' ');
  const child = spawn('script', ['-qec', `${SIZE}; exec ${command}`, '/dev/null'], {
    // With CI set, Node takes a terminal for one without colours.
    env: { ...envOf(env), TERM: 'xterm-256color', SHELL: '/bin/sh', CI: undefined },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let raw = '';
  let seen = 0;
  const changed = new EventTarget();
  const output = () => stripVTControlCharacters(raw).replaceAll('\r\n', '\n');
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    raw += text;
    changed.dispatchEvent(new Event('more'));
  });
  // Ignore input after it has exited.
  child.stdin.on('error', () => {});
  const ended = once(child, 'close') as Promise<[number | null]>;
  void ended.then(() => changed.dispatchEvent(new Event('more')));

  function find(what: string | RegExp): string | undefined {
    const rest = output().slice(seen);
    const found = typeof what === 'string' ? rest.indexOf(what) : rest.search(what);
    if (found < 0) return undefined;
    const match = typeof what === 'string' ? what : (what.exec(rest)?.[0] ?? '');
    seen += found + match.length;
    return match;
  }
  const terminal: Terminal = {
    child,
    output,
    raw: () => raw,
    async shows(what) {
      const late = AbortSignal.timeout(SHOW_MS);
      for (;;) {
        const match = find(what);
        if (match !== undefined) return match;
        const isOver = late.aborted || child.exitCode !== null;
        if (isOver) throw new Error(`It did not show ${what}:\n${output()}`);
        await Promise.race([once(changed, 'more'), once(late, 'abort')]);
      }
    },
    signal(name) {
      const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      process.kill(Number(pid), name);
    },
    type: (keys) => void child.stdin.write(keys),
    async answer(question, line) {
      await terminal.shows(question);
      terminal.type(`${line}\r`);
    },
    async ends() {
      const late = setTimeout(() => child.kill('SIGKILL'), SHOW_MS);
      const [code] = await ended;
      clearTimeout(late);
      return code;
    },
  };
  return terminal;
}
