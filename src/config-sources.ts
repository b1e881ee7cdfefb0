import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

export type Env = Record<string, string | undefined>;

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

export const asString = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
