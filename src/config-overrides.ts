import { readConfigFile, type Settings } from './config-file.ts';
import { settingNames } from './config-known.ts';
import type { Env } from './config-sources.ts';

/** Names of settings by where they come from; no values. */
export type SettingSources = {
  /** That `config.json` has, known or not. */
  inFile: string[];
  /** Variables of the environment that are read. */
  inEnvironment: string[];
  /** Variables that win over another value in `config.json`. */
  overriding: string[];
};

/** Read from the environment alone. */
const ENVIRONMENT_ONLY = ['METRICS_TOKEN', 'MASTER_KEY', 'POSTGRES_PASSWORD'];

/** `databaseUrl` → `DATABASE_URL`. */
export const variableOf = (setting: string) =>
  setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** Where the settings of a home come from. Throws ConfigError for a file that can't be read. */
export function settingSources(home: string, env: Env = process.env): SettingSources {
  const file: Settings = readConfigFile(home);
  const isSet = (variable: string) => Boolean(env[variable] || env[`${variable}_FILE`]);
  // Backups have no variable.
  const variables = new Map(
    settingNames.filter((name) => name !== 'backup').map((name) => [variableOf(name), name]),
  );
  return {
    inFile: Object.keys(file),
    inEnvironment: [...variables.keys(), ...ENVIRONMENT_ONLY].filter(isSet),
    overriding: [...variables].flatMap(([variable, name]) =>
      isSet(variable) && file[name] !== undefined && String(file[name]) !== env[variable] ? [variable] : [],
    ),
  };
}
