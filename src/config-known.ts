import { ConfigError } from './config-error.ts';
import { configPath, type Settings } from './config-file.ts';

/** Every setting that `config.json` may have. */
export const settingNames = [
  'host',
  'port',
  'databaseUrl',
  'databaseReplicaUrl',
  'redisUrl',
  'logLevel',
  'allowedHosts',
  'allowedOrigins',
  'trustedProxies',
  'requestsPerSecond',
  'connectionsPerAddress',
  'tls',
  'httpsPort',
  'tlsCertFile',
  'tlsKeyFile',
  'imageStore',
  's3Endpoint',
  's3Bucket',
  's3AccessKey',
  's3SecretKey',
  's3Region',
  's3PublicEndpoint',
  'backup',
] as const;

export type KnownSettings = { [Name in (typeof settingNames)[number]]?: unknown };

/** Rejects unknown names: a mistyped `databaseUrl` would open another, empty database. Throws ConfigError. */
export function requireKnown(home: string, settings: Settings): KnownSettings {
  const strange = Object.keys(settings).find((name) => !(settingNames as readonly string[]).includes(name));
  if (strange === undefined) return settings;
  throw new ConfigError(
    `${configPath(home)} has ${JSON.stringify(strange)}, which is no setting. It may have ${settingNames.join(', ')}.`,
  );
}
