import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { UNIT, UNIT_FILE } from './unit.ts';

const run = promisify(execFile);

const QUICK_TIMEOUT_MS = 60_000;
/** A start may make a backup of a large shop and bring its database up to date first. */
export const START_TIMEOUT_MS = 35 * 60_000;

/** Throws unless systemd runs this machine and, where the machine is changed, this is root. */
export function requireSystemd(needsRoot: boolean): void {
  if (!existsSync('/run/systemd/system')) {
    throw new Error(
      'systemd does not run this machine, so that there is no service to look after. docs/operations/other-systems.md says what starts Smoocho elsewhere.',
    );
  }
  if (needsRoot && process.getuid?.() !== 0)
    throw new Error('Only root may change services: put sudo before it.');
}

export const isInstalled = () => existsSync(UNIT_FILE);

export function requireInstalled(): void {
  requireSystemd(false);
  if (!isInstalled()) throw new NotInstalledError('There is no service yet. Run: smoocho service install');
}

/** Exit code 3. */
export class NotInstalledError extends Error {
  override name = 'NotInstalledError';
}

/** Runs `systemctl`. Throws with what it said. */
export async function systemctl(args: string[], timeout = QUICK_TIMEOUT_MS): Promise<string> {
  try {
    const { stdout } = await run('systemctl', args, { timeout });
    return stdout;
  } catch (error) {
    const { stderr, killed } = error as { stderr?: string; killed?: boolean };
    const reason = killed ? `it took more than ${timeout / 60_000} minutes` : stderr?.trim();
    // The rest tells to look with other commands.
    const [first] = (reason || (error as Error).message).split('\n');
    throw new Error(`systemctl ${args.join(' ')} failed: ${first?.replace(/\.$/, '')}`);
  }
}

const PROPERTIES = [
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'ExecMainStatus',
  'MainPID',
  'NRestarts',
  'ActiveEnterTimestamp',
  'StatusText',
] as const;

export type UnitState = Record<(typeof PROPERTIES)[number], string>;

/** Reads what systemd knows of the service; times as `@` and seconds since 1970. */
export async function readUnit(): Promise<UnitState> {
  const stdout = await systemctl(['show', UNIT, '--timestamp=unix', `--property=${PROPERTIES.join(',')}`]);
  const known = new Map(
    stdout.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
  return Object.fromEntries(PROPERTIES.map((name) => [name, known.get(name) ?? ''])) as UnitState;
}
