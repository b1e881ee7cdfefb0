import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Config, ConfigError, findHome, loadConfig } from '../../config.ts';
import type { CheckResult } from '../../contract/command-answers/doctor.ts';
import type { KnownFacts } from '../../doctor/facts.ts';
import { count } from '../../figures.ts';
import type { Command } from '../command.ts';
import { exitCodes, RefusedError, UsageError } from '../exit-codes.ts';
import { type Labelled, labelled } from '../output/labelled.ts';

export const doctor: Command = {
  name: 'doctor',
  summary:
    'Find what is wrong or soon will be, and say why it matters and what mends it; exit code 4 when there is a problem',
  options: [
    {
      flags: '--fix',
      description: 'mend what is harmless: open permissions, missing folders, leftovers of interrupted work',
    },
    { flags: '--all', description: 'also show what is fine' },
    {
      flags: '--report <file>',
      description: 'write a file for support, with no secrets and nobody’s data in it',
    },
  ],
  example: 'smoocho doctor --fix',
  allowsInvalidConfig: true,
  async run(shell, options) {
    const report = readReportPath(options.report);
    const config = settingsOf(() => shell.config);
    const home = findHome(options.home as string | undefined);
    const { commandLog } = await import('../output/command-log.ts');
    const { examine, readFacts } = await import('../../doctor/examine.ts');
    // No log lines: the command prints its findings itself.
    const log = commandLog({ logLevel: 'silent', isJob: false });
    const context = { home, config, log, now: () => new Date() };
    let facts = await readFacts(context);
    let fixed: { id: string; done: string }[] | undefined;
    if (options.fix) {
      const { mend } = await import('../../doctor/mend.ts');
      fixed = await mend(facts, context.now());
      // Settings that were refused because others could read them may be fine now.
      if (fixed.length > 0)
        facts = await readFacts({ ...context, config: settingsOf(() => loadConfig({ home })) });
    }
    const checks = examine(facts, context.now());
    shell.show(describe(checks, fixed, options.all === true));
    if (report !== undefined) {
      await writeTo(report, facts, checks);
      shell.say('', `The file for support is ${report}. Read it before you send it.`);
    }
    shell.give({ checks, ...(fixed && { fixed }), ...(report !== undefined && { report }) });
    return checks.some(({ state }) => state === 'problem') ? exitCodes.checkFoundProblems : exitCodes.done;
  },
};

function readReportPath(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '') throw new UsageError('--report names no file.');
  const path = resolve(value);
  if (!existsSync(dirname(path))) throw new UsageError(`There is no folder ${dirname(path)}.`);
  if (existsSync(path)) throw new RefusedError(`${path} is there already. Name another file.`);
  return path;
}

function settingsOf(read: () => Config): Config | ConfigError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

type Fixed = { id: string; done: string }[];

/** Lists the findings, the worst first, and then the number of passed checks. */
function describe(checks: CheckResult[], fixed: Fixed | undefined, isAll: boolean): string {
  const columns = process.stdout.columns ?? 80;
  const of = (state: CheckResult['state']) => checks.filter((check) => check.state === state);
  const block = ({ id, state, detail, fix, commands }: CheckResult) =>
    labelled(
      [[labels[state], `${id}: ${detail}`, ...(fix ? [`Mend it: ${fix}`] : [])]],
      columns,
      INDENT,
      commands,
    );
  const line = ({ id, state, detail }: CheckResult): Labelled => [labels[state], `${id}: ${detail}`];
  const fine = isAll ? [...of('ok'), ...of('skipped')].map(line) : [];
  return [
    ...(fixed ? [describeFixed(fixed, columns)] : []),
    ...[...of('problem'), ...of('warning')].map(block),
    ...(fine.length > 0 ? [labelled(fine, columns, INDENT)] : []),
    summary(checks, isAll),
  ].join('\n\n');
}

const INDENT = 9;
const labels = { ok: 'ok', warning: 'Warning', problem: 'PROBLEM', skipped: '–' } as const;

const describeFixed = (fixed: Fixed, columns: number): string =>
  fixed.length === 0
    ? 'There was nothing that --fix can mend.'
    : labelled([['Mended', ...fixed.map(({ done }) => done)]], columns, INDENT);

function summary(checks: CheckResult[], isAll: boolean): string {
  const number = (state: CheckResult['state']) => checks.filter((check) => check.state === state).length;
  const [problems, warnings, skipped] = [number('problem'), number('warning'), number('skipped')];
  const wrong = [
    ...(problems > 0 ? [count(problems, 'problem')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ];
  const head = wrong.length === 0 ? 'Nothing is wrong.' : `${wrong.join(', ')}.`;
  const rest = `${count(number('ok'), 'check')} found nothing wrong, ${skipped} had nothing to look at`;
  return `${head} ${rest}${isAll ? '.' : ' (--all shows them).'} To check the books, which takes longer: smoocho verify`;
}

async function writeTo(path: string, facts: KnownFacts, checks: CheckResult[]): Promise<void> {
  const { writeReport } = await import('../../doctor/report.ts');
  try {
    await writeReport(path, facts, checks, new Date());
  } catch (error) {
    throw new Error(`${path} can't be written (${(error as Error).message}).`);
  }
}
