import { CommanderError } from 'commander';
import { loadCommands } from './commands.ts';
import { exitCodes } from './exit-codes.ts';
import { inLines } from './output/in-line.ts';
import { buildProgram } from './program.ts';

async function fail(error: unknown): Promise<void> {
  if (error instanceof CommanderError) {
    // Help and the version end the command too; anything else that the parser throws is wrong usage.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return;
  }
  // Ctrl-C at a question.
  if (error instanceof Error && error.name === 'ExitPromptError') {
    process.stderr.write('Stopped; nothing was changed.\n');
    process.exitCode = exitCodes.failed;
    return;
  }
  const { failureOf } = await import('./failure.ts');
  const { exitCode, message, problem } = failureOf(error);
  if (process.argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: problem ?? { title: message }, exitCode }, null, 2)}\n`);
  } else {
    process.stderr.write(`${inLines(message)}\n`);
  }
  process.exitCode = exitCode;
}

try {
  await buildProgram(await loadCommands(process.argv.slice(2))).parseAsync();
} catch (error) {
  await fail(error);
}
