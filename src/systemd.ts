import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How the service is called in systemd. */
export const UNIT = 'smoocho.service';
export const UNIT_FILE = `/etc/systemd/system/${UNIT}`;

const QUICK_TIMEOUT_MS = 60_000;

/** A start may make a backup of a large shop and bring its database up to date first. */
export const START_TIMEOUT_MS = 35 * 60_000;
/** The unit's own limit for a stop, and a minute. */
export const STOP_TIMEOUT_MS = 160_000;

/** Whether systemd runs this machine (sd_booted(3)). */
export const hasSystemd = () => existsSync('/run/systemd/system');

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
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'Result',
  'ExecMainStatus',
  'MainPID',
  'NRestarts',
  'ActiveEnterTimestampMonotonic',
  'StatusText',
] as const;

export type UnitState = Record<(typeof PROPERTIES)[number], string>;

/** Reads what systemd knows of the service; times in microseconds since the machine started. */
export async function readUnit(timeoutMs?: number): Promise<UnitState> {
  const show = ['show', UNIT, `--property=${PROPERTIES.join(',')}`];
  const stdout = await systemctl(show, timeoutMs);
  const known = new Map(
    stdout.split('\n').map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name, value.join('=')];
    }),
  );
  return Object.fromEntries(PROPERTIES.map((name) => [name, known.get(name) ?? ''])) as UnitState;
}

/** Throws unless systemd runs this machine and, where the machine is changed, this is root. */
export function requireSystemd(needsRoot: boolean): void {
  if (!hasSystemd()) {
    throw new Error(
      'systemd does not run this machine, so that there is no service to look after. docs/operations/other-systems.md says what starts Smoocho elsewhere.',
    );
  }
  if (needsRoot && process.getuid?.() !== 0)
    throw new Error('Only root may change services: put sudo before it.');
}

export const isInstalled = () => existsSync(UNIT_FILE);

/** The home that a unit names; undefined if it names none. */
export function homeIn(unit: string): string | undefined {
  const [, quoted, plain] =
    /^Environment=(?:"SMOOCHO_HOME=((?:[^"\\]|\\.)*)"|SMOOCHO_HOME=(\S+))/m.exec(unit) ?? [];
  return quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1').replaceAll('%%', '%');
}

const installedUnit = () => (isInstalled() ? readFileSync(UNIT_FILE, 'utf8') : undefined);

/** The home of the service; undefined without a unit, and where it names none. */
export function serviceHome(): string | undefined {
  const unit = installedUnit();
  return unit === undefined ? undefined : homeIn(unit);
}

/** Whether the service of this machine, by its unit, is that of this home; another home beside it is started by hand. */
export const isServiceOf = (home: string, unit = installedUnit()): boolean =>
  unit !== undefined && homeIn(unit) === home;

export function requireInstalled(): void {
  requireSystemd(false);
  if (!isInstalled()) throw new NotInstalledError('There is no service yet. Run: smoocho service install');
}

/** Exit code 3. */
export class NotInstalledError extends Error {
  override name = 'NotInstalledError';
}
