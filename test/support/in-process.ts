import { CommanderError } from 'commander';
import type { Shell } from '../../src/cli/command.ts';
import { entries, loadCommands } from '../../src/cli/commands.ts';
import { failureOf } from '../../src/cli/failure.ts';
import { inLine, inLines } from '../../src/cli/output/in-line.ts';
import { buildProgram, commonAfterCommand, usageMessage } from '../../src/cli/program.ts';
import type { TestApp } from './app.ts';

/** `code`: the exit code; `stderr`: the sentence of a failure. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
export type RanHere = { code: number; stdout: string; stderr: string; json: () => any };

/**
 * Runs a command as the program would, with its parser, its texts and its exit codes, but in this process and on a test's own app:
 * hundreds of them take the time of a few processes.
 */
export async function runHere({ app }: TestApp, ...typed: string[]): Promise<RanHere> {
  const words = commonAfterCommand(typed, new Set(entries.map(({ name }) => name)));
  const out: string[] = [];
  const openShell = ({ json }: Record<string, unknown>, isQuiet: boolean): Shell => ({
    config: app.config,
    wantsJson: json === true,
    isInteractive: false,
    isQuiet,
    say: (...lines) => json || isQuiet || out.push(lines.map(inLine).join('\n')),
    print: (...lines) => json || out.push(lines.map(inLine).join('\n')),
    show: (text) => json || out.push(inLines(text)),
    warn: () => {},
    tell: () => {},
    give: (value) => json && out.push(JSON.stringify(value)),
    withApp: (work) => work(app),
  });
  const exitCode = process.exitCode;
  const ran = (code: number, stderr = ''): RanHere => {
    const stdout = out.map((text) => `${text}\n`).join('');
    return { code, stdout, stderr, json: () => JSON.parse(stdout) };
  };
  try {
    // Quiet, as with --json: what the parser refuses is in the result.
    await buildProgram(await loadCommands(words), true, openShell).parseAsync(words, { from: 'user' });
    return ran(Number(process.exitCode ?? 0));
  } catch (error) {
    if (error instanceof CommanderError) return ran(2, usageMessage(error));
    const { exitCode: code, message } = failureOf(error);
    return ran(code, message);
  } finally {
    process.exitCode = exitCode;
  }
}
