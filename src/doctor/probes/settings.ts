import { type Config, type SettingSources, settingSources } from '../../config.ts';

export type SettingsFacts = {
  /** Why the program can't start with these settings, in a sentence; null if it can. */
  problem: string | null;
  sources: SettingSources;
  /** Null with a problem. */
  config: Pick<Config, 'host' | 'port' | 'logLevel' | 'edge' | 'metricsProblem' | 'imageStore'> | null;
};

const NONE: SettingSources = { inFile: [], inEnvironment: [], overriding: [] };

type Env = Record<string, string | undefined>;

export function readSettings(home: string, config: Config | Error, env?: Env): SettingsFacts {
  const isFaulty = config instanceof Error;
  return {
    problem: isFaulty ? config.message : null,
    sources: isFaulty ? NONE : settingSources(home, env),
    config: isFaulty ? null : config,
  };
}
