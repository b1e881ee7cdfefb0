import { existsSync } from 'node:fs';
import {
  type Config,
  configPath,
  findConfigProblems,
  isDemoHome,
  noteOfLoss,
  type SettingSources,
  settingSources,
} from '../../config.ts';
import { hasShop } from '../../database/embedded-lost.ts';

export type SettingsFacts = {
  /** Why the program can't start with these settings, a sentence each; none if it can. */
  problems: string[];
  /** Path of `config.json`. */
  path: string;
  isFileThere: boolean;
  /** The path of the note that it was lost and written anew; null without one. */
  noteOfLoss: string | null;
  /** Whether the home shows that a shop was set up in it, or a server of one started: both make the file. */
  isFileDue: boolean;
  sources: SettingSources;
  /** Null with a problem. */
  config: Pick<Config, 'host' | 'port' | 'logLevel' | 'edge' | 'metricsProblem' | 'imageStore'> | null;
};

const NONE: SettingSources = { inFile: [], inEnvironment: [], overriding: [] };

type Env = Record<string, string | undefined>;

export function readSettings(home: string, config: Config | Error, env?: Env): SettingsFacts {
  const isFaulty = config instanceof Error;
  const path = configPath(home);
  return {
    problems: isFaulty ? allProblems(home, config, env) : [],
    path,
    isFileThere: existsSync(path),
    noteOfLoss: existsSync(noteOfLoss(home)) ? noteOfLoss(home) : null,
    isFileDue: hasShop(home) && !isDemoHome(home),
    sources: isFaulty ? NONE : settingSources(home, env),
    config: isFaulty ? null : config,
  };
}

/** All of them, in the words of `config check`; the first one alone is not what stands in the way. */
function allProblems(home: string, { message }: Error, env?: Env): string[] {
  const { problems } = findConfigProblems({ home }, env);
  return problems.length > 0 ? problems : [message];
}
