import { hasSystemd, readUnit } from '../../systemd.ts';

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

const TIMEOUT_MS = 5_000;

export async function readService(): Promise<ServiceFacts> {
  if (!hasSystemd()) return { unit: null };
  const { LoadState, ActiveState, UnitFileState } = await readUnit(TIMEOUT_MS);
  return { unit: { load: LoadState, active: ActiveState, enabled: UnitFileState } };
}
