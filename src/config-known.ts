import { configPath, type Settings } from './config-file.ts';
import { checkKnown } from './config-nearest.ts';
import { type Attempt, orThrow } from './config-sources.ts';

/** A setting, as the table of docs/commands.md has it; a test compares the two. */
export type Setting = {
  /** Field of `config.json`; null: only the environment has it. */
  field: string | null;
  /** Variable of the environment; null: only `config.json` has it. */
  variable: string | null;
  /** What holds where nobody says anything, for people. */
  usual: string;
  /** `whole`: never shown. `address`: shown without the password in it. */
  secret?: 'whole' | 'address';
  /** Whether `VARIABLE_FILE` may name a file with it. */
  byFile?: true;
  /** Whether an empty variable counts, as an empty list. */
  isList?: true;
};

/** Every setting that there is, in the order in which they are shown. */
export const knownSettings = [
  { field: null, variable: 'SMOOCHO_HOME', usual: '~/.smoocho; for root /var/lib/smoocho' },
  { field: null, variable: 'SMOOCHO_COMMAND', usual: 'as it can be typed here' },
  {
    field: 'databaseUrl',
    variable: 'DATABASE_URL',
    usual: 'the embedded PostgreSQL',
    secret: 'address',
    byFile: true,
  },
  {
    field: 'databaseReplicaUrl',
    variable: 'DATABASE_REPLICA_URL',
    usual: 'none',
    secret: 'address',
    byFile: true,
  },
  { field: 'redisUrl', variable: 'REDIS_URL', usual: 'none', secret: 'address', byFile: true },
  { field: 'port', variable: 'PORT', usual: '8080' },
  { field: 'host', variable: 'HOST', usual: '0.0.0.0' },
  { field: 'httpsPort', variable: 'HTTPS_PORT', usual: '8443' },
  { field: 'tls', variable: 'TLS', usual: 'auto' },
  { field: 'tlsCertFile', variable: 'TLS_CERT_FILE', usual: 'none' },
  { field: 'tlsKeyFile', variable: 'TLS_KEY_FILE', usual: 'none' },
  { field: 'logLevel', variable: 'LOG_LEVEL', usual: 'info' },
  { field: 'allowedHosts', variable: 'ALLOWED_HOSTS', usual: 'none', isList: true },
  { field: 'allowedOrigins', variable: 'ALLOWED_ORIGINS', usual: 'none', isList: true },
  { field: 'trustedProxies', variable: 'TRUSTED_PROXIES', usual: 'none', isList: true },
  { field: 'requestsPerSecond', variable: 'REQUESTS_PER_SECOND', usual: '50' },
  { field: 'connectionsPerAddress', variable: 'CONNECTIONS_PER_ADDRESS', usual: '256' },
  { field: null, variable: 'METRICS_TOKEN', usual: 'none', secret: 'whole', byFile: true },
  { field: 'imageStore', variable: 'IMAGE_STORE', usual: 'filesystem' },
  { field: 's3Endpoint', variable: 'S3_ENDPOINT', usual: 'none', secret: 'address', byFile: true },
  { field: 's3Bucket', variable: 'S3_BUCKET', usual: 'none', byFile: true },
  { field: 's3AccessKey', variable: 'S3_ACCESS_KEY', usual: 'none', secret: 'whole', byFile: true },
  { field: 's3SecretKey', variable: 'S3_SECRET_KEY', usual: 'none', secret: 'whole', byFile: true },
  { field: 's3Region', variable: 'S3_REGION', usual: 'us-east-1' },
  { field: 's3PublicEndpoint', variable: 'S3_PUBLIC_ENDPOINT', usual: 'none', secret: 'address' },
  { field: 'backup', variable: null, usual: 'none is made by itself' },
  {
    field: null,
    variable: 'POSTGRES_PASSWORD',
    usual: 'secrets/postgres-password in the home',
    secret: 'whole',
    byFile: true,
  },
  {
    field: null,
    variable: 'MASTER_KEY',
    usual: 'secrets/master-key in the home',
    secret: 'whole',
    byFile: true,
  },
] as const satisfies readonly Setting[];

type Field = Exclude<(typeof knownSettings)[number]['field'], null>;
export type KnownSettings = { [Name in Field]?: unknown };

/** Every setting that `config.json` may have. */
export const settingNames: readonly string[] = knownSettings.flatMap(({ field }) => field ?? []);

/** Rejects unknown names: a mistyped `databaseUrl` would open another, empty database. Throws ConfigError. */
export function requireKnown(home: string, settings: Settings, attempt: Attempt = orThrow): KnownSettings {
  for (const name of Object.keys(settings)) attempt(() => checkKnown(configPath(home), name, settingNames));
  return settings;
}
