import { requireInstalled } from '../../systemd.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { followLog, readLog } from '../service/journal.ts';

const DEFAULT_LINES = 50;
const MAX_LINES = 10_000;

export const serviceLogs: Command = {
  name: 'service logs',
  summary: 'Show what the service said last',
  options: [
    { flags: '--lines <number>', description: `how many lines (default: ${DEFAULT_LINES})` },
    { flags: '--follow', description: 'and what it says from now on, until Ctrl-C' },
  ],
  example: 'sudo smoocho service logs --follow',
  async run(shell, options) {
    const lines = readLines(options.lines);
    if (options.follow && shell.wantsJson)
      throw new UsageError('--follow has no end, which JSON needs. Leave one of them out.');
    requireInstalled();
    if (options.follow) {
      await followLog(lines, shell.show);
      return undefined;
    }
    const log = await readLog(lines);
    shell.show(log.join('\n'));
    shell.give({ lines: log });
    return undefined;
  },
};

function readLines(text: unknown): number {
  const count = text === undefined ? DEFAULT_LINES : Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_LINES) return count;
  throw new UsageError(`--lines is not a number from 1 to ${MAX_LINES}.`);
}
