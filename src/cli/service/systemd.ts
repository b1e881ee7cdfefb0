import { existsSync, readFileSync } from 'node:fs';
import { hasSystemd } from '../../systemd.ts';
import { homeIn, UNIT_FILE } from './unit.ts';

export { readUnit, systemctl, type UnitState } from '../../systemd.ts';

/** A start may make a backup of a large shop and bring its database up to date first. */
export const START_TIMEOUT_MS = 35 * 60_000;
/** The unit's own limit for a stop, and a minute. */
export const STOP_TIMEOUT_MS = 160_000;

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

/** The home of the service; undefined without a unit, and where it names none. */
export const serviceHome = () => (isInstalled() ? homeIn(readFileSync(UNIT_FILE, 'utf8')) : undefined);

export function requireInstalled(): void {
  requireSystemd(false);
  if (!isInstalled()) throw new NotInstalledError('There is no service yet. Run: smoocho service install');
}

/** Exit code 3. */
export class NotInstalledError extends Error {
  override name = 'NotInstalledError';
}
