import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The systemd unit of the server; null where the machine was not started by systemd. */
export type ServiceFacts = {
  unit: {
    /** `loaded`, `not-found`, `masked` … */
    load: string;
    /** `active`, `inactive`, `failed`, `activating` … */
    active: string;
    /** `enabled`, `disabled` …; empty where there is no unit. */
    enabled: string;
  } | null;
};

const UNIT = 'smoocho.service';
/** systemd's own sign (sd_booted(3)). */
const SYSTEMD = '/run/systemd/system';
const TIMEOUT_MS = 5_000;

export async function readService(): Promise<ServiceFacts> {
  if (!existsSync(SYSTEMD)) return { unit: null };
  const shown = await show();
  const propertyOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1] ?? '';
  return {
    unit: {
      load: propertyOf('LoadState'),
      active: propertyOf('ActiveState'),
      enabled: propertyOf('UnitFileState'),
    },
  };
}

const show = () =>
  new Promise<string>((resolve, reject) => {
    const properties = '--property=LoadState,ActiveState,UnitFileState';
    execFile('systemctl', ['show', UNIT, properties], { timeout: TIMEOUT_MS }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
