import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A backup of a large shop, or its restore. */
const TIMEOUT_MS = 60 * 60_000;

type Running = { home: string; tell: (text: string) => void };

/**
 * Runs a command of the program in `root`, which may be another version, and returns its JSON. Its words on stderr go to
 * `tell`. Exit code 4, a check with findings, counts as done. Throws with the command's reason.
 */
export async function runProgram(root: string, args: string[], { home, tell }: Running): Promise<unknown> {
  const script = join(root, 'bin', 'smoocho.js');
  const child = spawn(process.execPath, [script, ...args, '--home', home, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    // A Ctrl-C is for the process that goes back when something fails.
    detached: true,
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => line.startsWith('{') || tell(line));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const answer = parse(stdout);
  if (code === 0 || code === 4) return answer;
  const { title, detail } =
    (answer as { error?: { title?: string; detail?: string } } | undefined)?.error ?? {};
  throw new Error(detail ?? title ?? `smoocho ${args.join(' ')} ended with exit code ${code}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
