import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

export type Env = Record<string, string | undefined>;

/** Runs the reader of one setting; undefined when its ConfigError was noted, so that the others are read too. */
export type Attempt = <T>(read: () => T) => T | undefined;

/** Lets the first ConfigError pass, as every command does that needs the settings. */
export const orThrow: Attempt = (read) => read();

/** Notes every ConfigError, so that all that is wrong is known at once. */
export const notingIn =
  (problems: string[]): Attempt =>
  (read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  };

/** `NAME`, or the content of the file that `NAME_FILE` names (a secret mounted by an orchestrator). */
export function fromEnvOrFile(env: Env, name: string): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return env[name] || undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`${name}_FILE names ${path}, which can't be read (${(error as Error).message}).`);
  }
}

/** What a setting is called where its value stands: its variable, or its field of `config.json`. */
export const spelled = (env: Env, variable: string, field: string): string =>
  env[variable] ? variable : `${field} in config.json`;

/** The same of one that `fromEnvOrFile` reads. */
export const spelledOrFile = (env: Env, variable: string, field: string): string =>
  env[`${variable}_FILE`] ? variable : spelled(env, variable, field);

/** Throws ConfigError where both `NAME` and `NAME_FILE` are set: only one of them holds. */
export function checkSaidOnce(env: Env, name: string): void {
  if (!env[name] || !env[`${name}_FILE`]) return;
  throw new ConfigError(`${name} and ${name}_FILE are both set. The file holds; take ${name} out.`);
}

/** A text of `config.json`. Another kind of value is no other word for nothing. Throws ConfigError, without the value. */
export function asText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new ConfigError(`${field} in config.json is no text: write it in quotes, such as "${field}": "…".`);
}

const LONGEST_QUOTED = 60;

/** A value of the wrong kind, as JSON, for a message: cut where it is long. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_QUOTED ? `${text.slice(0, LONGEST_QUOTED)}…` : text;
}
