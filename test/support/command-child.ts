import { text } from 'node:stream/consumers';
import { CommanderError } from 'commander';
import { loadCommands } from '../../src/cli/commands.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { buildProgram, usageMessage } from '../../src/cli/program.ts';
import type { CommandCase, CommandResult } from './command-matrix.ts';

/** Longer than any command of the matrix takes on a busy machine; what waits for a person waits for ever. */
const CASE_MS = 60_000;

/**
 * Runs many command lines in one process, one after another: loading the program is most of what a process of each would take. Reads
 * them as JSON from its input, so that none has a terminal, and prints what they wrote and their exit codes. What `main.ts` does
 * with an error is done here too.
 */
async function runCase({ args, env }: CommandCase): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const real = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof process.stdout.write;
  }
  const before = { ...process.env };
  Object.assign(process.env, env);
  process.exitCode = 0;
  const late = setTimeout(() => {
    real.stderr.call(process.stderr, `smoocho ${args.join(' ')} does not end\n`);
    process.exit(70);
  }, CASE_MS);
  try {
    await buildProgram(await loadCommands(args), args.includes('--json')).parseAsync(args, { from: 'user' });
  } catch (error) {
    fail(error, args);
  } finally {
    clearTimeout(late);
    for (const name of ['stdout', 'stderr'] as const) process[name].write = real[name];
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
  return { args, code: Number(process.exitCode ?? 0), ...written };
}

function fail(error: unknown, args: string[]): void {
  const wantsJson = args.includes('--json');
  const answer = (said: object, exitCode: number) =>
    process.stdout.write(`${JSON.stringify({ error: said, exitCode })}\n`);
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (wantsJson && error.exitCode !== 0) answer({ title: usageMessage(error) }, 2);
    return;
  }
  const { exitCode, message, problem } = failureOf(error);
  if (wantsJson) answer(problem ?? { title: message }, exitCode);
  else process.stderr.write(`${message}\n`);
  process.exitCode = exitCode;
}

// Node has read it; the commands have no environment.
delete process.env.NODE_COMPILE_CACHE;
const cases = JSON.parse(await text(process.stdin)) as CommandCase[];
const results: CommandResult[] = [];
for (const each of cases) results.push(await runCase(each));
process.exitCode = 0;
process.stdout.write(JSON.stringify(results));
