import { join, resolve } from 'node:path';
import { type BackupConfig, backupConfig } from './config-backup.ts';
import { asDatabaseUrl } from './config-database.ts';
import { type EdgeConfig, edgeConfig } from './config-edge.ts';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { findHome } from './config-home.ts';
import { knownSettings, requireKnown } from './config-known.ts';
import { findOperator } from './config-operator.ts';
import { checkSecrets, openSecrets, type Secrets } from './config-secrets.ts';
import { findSources, showSettings } from './config-show.ts';
import {
  type Attempt,
  asText,
  checkSaidOnce,
  type Env,
  fromEnvOrFile,
  notingIn,
  orThrow,
  quoted,
  spelled,
  spelledOrFile,
} from './config-sources.ts';
import { type StorageConfig, storageConfig } from './config-storage.ts';
import { type Supervisor, supervisorConfig } from './config-supervisor.ts';
import { type TlsConfig, tlsConfig } from './config-tls.ts';

export { type BackupConfig, cronOf } from './config-backup.ts';
export { asDatabaseUrl } from './config-database.ts';
export type { EdgeConfig } from './config-edge.ts';
export { ConfigError, DiskFullError } from './config-error.ts';
export {
  changeConfigFile,
  configPath,
  draftOf,
  fileHoldsSecret,
  isDemoHome,
  keepNoteOfLoss,
  markDemo,
  noteOfLoss,
  ownAsAround,
  readConfigFile,
  syncFolder,
  writeDraft,
} from './config-file.ts';
export { defaultHome, findHome } from './config-home.ts';
export { settingNames } from './config-known.ts';
export {
  makeSecretFile,
  newSecret,
  nextPasswordPath,
  promotePassword,
  readSecretFile,
  type SecretName,
  type Secrets,
} from './config-secrets.ts';
export type { SettingSources, ShownSetting } from './config-show.ts';
export { type ImageStoreKind, imageStoreKinds, type S3Config, type S3Server } from './config-storage.ts';
export type { Supervisor } from './config-supervisor.ts';
export type { TlsConfig } from './config-tls.ts';

/** Where everything is and how it runs; the only reader of `process.env`. */
export type Config = {
  home: string;
  /** The folder around `home` when that is ours too: the demo's lies in the real one. */
  outerHome: string | undefined;
  host: string;
  port: number;
  /** A PostgreSQL of one's own; without it the embedded one under `home/postgres` is used. */
  databaseUrl: string | undefined;
  /** A streaming standby of it, for reports. */
  replicaUrl: string | undefined;
  /** What several processes talk through; without it there is one process. */
  redisUrl: string | undefined;
  /** Connections to the database that this process holds at most. */
  poolSize: number;
  /** The least serious log line that is written. */
  logLevel: string;
  edge: EdgeConfig;
  /** HTTPS beside HTTP; undefined: none. */
  tls: TlsConfig | undefined;
  backup: BackupConfig;
  /** Bearer token for `/metrics`. Without it, only loopback clients may read the metrics. */
  metricsToken: string | undefined;
  /** Why the token of /metrics can't be read; nobody may read them then. A sentence. */
  metricsProblem: string | undefined;
  /** Started by a server's schedule: ends when that server exits. */
  isJob: boolean;
  supervisor: Supervisor | undefined;
  /** The account of the operating system behind a command, for the audit. */
  operator(): string;
  secrets: Secrets;
  masterKey: MasterKeyPlace;
} & StorageConfig;

/** Where the key is that all other keys are wrapped with: the environment itself, a file that it names, or one of ours. */
export type MasterKeyPlace = { text: string } | { path: string; isOurs: boolean };

export type ConfigOverrides = {
  home?: string | undefined;
  outerHome?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
  httpsPort?: string | undefined;
  poolSize?: number | undefined;
};

/** All interfaces: the tills are on the shop's network. */
const DEFAULT_HOST = '0.0.0.0';
const DEFAULT_PORT = 8080;
/** About 8 connections are best on a small box: more only queue inside the server instead of here. */
const DEFAULT_POOL_SIZE = 8;

/**
 * Flags win over the environment, the environment over `config.json`, that over the defaults. Throws the first ConfigError; an
 * `attempt` that notes them instead gets all of them, and the rest of the result is of no use.
 */
export function loadConfig(
  overrides: ConfigOverrides = {},
  env: Env = process.env,
  attempt: Attempt = orThrow,
): Config {
  const home = findHome(overrides.home, env);
  const file = requireKnown(home, attempt(() => readConfigFile(home)) ?? {}, attempt);
  const url = (name: string, field: 'databaseUrl' | 'databaseReplicaUrl') =>
    attempt(() =>
      asDatabaseUrl(fromEnvOrFile(env, name) ?? asText(field, file[field]), spelledOrFile(env, name, field)),
    );
  return {
    home,
    outerHome: overrides.outerHome,
    host: overrides.host ?? (env.HOST || (attempt(() => asText('host', file.host)) ?? DEFAULT_HOST)),
    port:
      overrides.port ??
      attempt(() => asPort(env.PORT || file.port, spelled(env, 'PORT', 'port'))) ??
      DEFAULT_PORT,
    databaseUrl: url('DATABASE_URL', 'databaseUrl'),
    replicaUrl: url('DATABASE_REPLICA_URL', 'databaseReplicaUrl'),
    redisUrl: attempt(() =>
      asRedisUrl(
        fromEnvOrFile(env, 'REDIS_URL') ?? asText('redisUrl', file.redisUrl),
        spelledOrFile(env, 'REDIS_URL', 'redisUrl'),
      ),
    ),
    poolSize: overrides.poolSize ?? DEFAULT_POOL_SIZE,
    logLevel:
      attempt(() =>
        asLogLevel(env.LOG_LEVEL || asText('logLevel', file.logLevel), spelled(env, 'LOG_LEVEL', 'logLevel')),
      ) ?? 'info',
    edge: edgeConfig(file, env, attempt),
    tls: tlsConfig(file, env, overrides.httpsPort, attempt),
    backup: backupConfig(file.backup, attempt),
    ...(attempt(() => metricsConfig(env)) ?? { metricsToken: undefined, metricsProblem: undefined }),
    isJob: env[JOB] !== undefined,
    supervisor: supervisorConfig(env),
    operator: () => findOperator(env.SUDO_USER),
    secrets: openSecrets(join(home, 'secrets'), env),
    masterKey: masterKeyPlace(join(home, 'secrets'), env),
    ...storageConfig(file, env, attempt),
  };
}

/**
 * All that is wrong with the settings and the files that they name, a sentence each, instead of the first alone. `config` is for what
 * looks further, where there is nothing wrong.
 */
export function findConfigProblems(
  overrides: ConfigOverrides = {},
  env: Env = process.env,
): { problems: string[]; config: Config | undefined } {
  const problems: string[] = [];
  const attempt = notingIn(problems);
  const config = attempt(() => loadConfig(overrides, env, attempt));
  if (!config) return { problems, config };
  for (const setting of knownSettings)
    if ('byFile' in setting) attempt(() => checkSaidOnce(env, setting.variable));
  attempt(() => checkSecrets(join(config.home, 'secrets'), env));
  if (config.metricsProblem) problems.push(config.metricsProblem);
  return { problems, config };
}

/** Every setting, its value without secrets, and its source. Throws ConfigError: see `showSettings`. */
export const shownSettings = (home: string | undefined, env: Env = process.env) => showSettings(home, env);

/** Names of settings by where they come from. Throws ConfigError: see `findSources`. */
export const settingSources = (home: string, env: Env = process.env) => findSources(home, env);

/** Reads the backup settings again: `backup schedule` and `key create` change them while a server runs. Throws ConfigError. */
export const readBackupConfig = (home: string): BackupConfig => backupConfig(readConfigFile(home).backup);

const JOB = 'SMOOCHO_JOB';

/** The environment of a command that a server's schedule starts: the server's own, with the same home. */
export const jobEnvironment = ({ home }: Pick<Config, 'home'>, env: Env = process.env): Env => ({
  ...env,
  SMOOCHO_HOME: home,
  [JOB]: '1',
});

/** What says how the command is typed: see `typedName`. */
export const commandLine = (env: Env = process.env) => ({
  command: env.SMOOCHO_COMMAND || undefined,
  isNpx: env.npm_command === 'exec',
  path: env.PATH ?? '',
});

/** The demo's data lies apart from a real installation's. */
export const demoHome = (home: string) => join(home, 'demo');

/** Keeps the demo off the real shop's data: it gets a database, a master key and pictures of its own, and no HTTPS. */
export const withoutRealShop = (config: Config): Config => ({
  ...config,
  databaseUrl: undefined,
  replicaUrl: undefined,
  imageStore: undefined,
  s3: undefined,
  s3Server: undefined,
  tls: undefined,
  masterKey: ownMasterKey(join(config.home, 'secrets')),
});

/** Without the address in the message: it may hold a password. */
function asRedisUrl(url: string | undefined, name: string): string | undefined {
  if (url === undefined || (URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol))) return url;
  throw new ConfigError(`${name} is not an address like redis://localhost:6379.`);
}

/** A file that is missing, as on a new machine, closes the metrics and not the shop. Throws ConfigError for a bad token. */
function metricsConfig(env: Env): Pick<Config, 'metricsToken' | 'metricsProblem'> {
  let token: string | undefined;
  try {
    token = fromEnvOrFile(env, 'METRICS_TOKEN');
  } catch (error) {
    return {
      metricsToken: undefined,
      metricsProblem: `${(error as Error).message} Until it can, nobody may read /metrics.`,
    };
  }
  return { metricsToken: asMetricsToken(token), metricsProblem: undefined };
}

/** It is guessed at as fast as the server answers, and stands in a header. The message leaves it out. Throws ConfigError. */
function asMetricsToken(token: string | undefined): string | undefined {
  if (token === undefined || /^[\w.~+/-]{16,256}=*$/.test(token)) return token;
  throw new ConfigError(
    'METRICS_TOKEN must have 16 to 256 letters, digits and -._~+/, such as what openssl rand -base64 32 gives.',
  );
}

/** As pino knows them, the most serious last. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

function asLogLevel(text: string | undefined, name: string): string | undefined {
  const level = text?.toLowerCase();
  if (level === undefined || LOG_LEVELS.includes(level)) return level;
  throw new ConfigError(`${name} is ${JSON.stringify(text)}; it must be one of ${LOG_LEVELS.join(', ')}.`);
}

function asPort(value: unknown, name: string): number | undefined {
  if (value === undefined || value === '') return undefined;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError(`${name} is ${quoted(value)}; it must be a number from 0 to 65535.`);
  }
  return port;
}

const ownMasterKey = (folder: string): MasterKeyPlace => ({ path: join(folder, 'master-key'), isOurs: true });

function masterKeyPlace(folder: string, env: Env): MasterKeyPlace {
  if (env.MASTER_KEY_FILE) return { path: resolve(env.MASTER_KEY_FILE), isOurs: false };
  return env.MASTER_KEY ? { text: env.MASTER_KEY.trim() } : ownMasterKey(folder);
}
