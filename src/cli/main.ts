import { CommanderError } from 'commander';
import { asTyped, nameCommands } from '../as-typed.ts';
import { entries, loadCommands } from './commands.ts';
import { exitCodes } from './exit-codes.ts';
import type { Failure } from './failure.ts';
import { interruptMessage, isInterrupt } from './interrupt.ts';
import { inLines } from './output/in-line.ts';
import { fitLines } from './output/labelled.ts';
import { buildProgram, commonAfterCommand, usageMessage } from './program.ts';

const words = commonAfterCommand(process.argv.slice(2), new Set(entries.map(({ name }) => name)));
const wantsJson = process.argv.includes('--json');

/** The reader closed its end (`| head`, a closed window). */
const GONE = new Set(['EPIPE', 'EIO']);
let unwritten: NodeJS.ErrnoException | undefined;
// A failed write to stdout or stderr must not end a command, above all not a restore or a server.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!GONE.has(error.code ?? '')) unwritten ??= error;
});
process.once('exit', () => {
  // `start` only prints a greeting. Any other command prints its result, and half a report looks like a whole one.
  if (!unwritten || words[0] === 'start') return;
  process.stderr.write(
    `The output could not be written (${unwritten.code}): free some room, and try again.\n`,
  );
  process.exitCode ||= exitCodes.failed;
});

function answerJson(error: object, exitCode: number): void {
  process.stdout.write(`${JSON.stringify({ error, exitCode }, null, 2)}\n`);
}

async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError) {
    // Help and the version end the command too; anything else that the parser throws is wrong usage.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (wantsJson && error.exitCode !== 0) answerJson({ title: usageMessage(error) }, exitCodes.usage);
    return;
  }
  if (isInterrupt(error)) {
    process.stderr.write(`${asTyped(interruptMessage(error))}\n`);
    process.exitCode = exitCodes.failed;
    return;
  }
  const { exitCode, message, problem } = await explain(error);
  if (wantsJson) answerJson(problem ?? { title: asTyped(message) }, exitCode);
  else process.stderr.write(`${fitLines(asTyped(inLines(message)), process.stderr)}\n`);
  process.exitCode = exitCode;
}

/** An upgrade may replace the program while a command runs: its sentence is better than that of the module that is gone. */
async function explain(error: unknown): Promise<Failure> {
  try {
    const { failureOf } = await import('./failure.ts');
    return failureOf(error);
  } catch {
    return { exitCode: exitCodes.failed, message: error instanceof Error ? error.message : String(error) };
  }
}

nameCommands(entries.map(({ name }) => name));
try {
  await buildProgram(await loadCommands(words), wantsJson).parseAsync(words, { from: 'user' });
} catch (error) {
  await fail(error);
}
