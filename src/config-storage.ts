import { ConfigError } from './config-error.ts';
import {
  type Attempt,
  asText,
  type Env,
  fromEnvOrFile,
  orThrow,
  spelled,
  spelledOrFile,
} from './config-sources.ts';

/** Where pictures are stored: in a folder of the home, or in a bucket of an S3 server. */
export type ImageStoreKind = 'filesystem' | 'minio';
export const imageStoreKinds: readonly ImageStoreKind[] = ['filesystem', 'minio'];

/** An S3 server and its credentials. */
export type S3Server = {
  /** Scheme, name and port, such as `https://s3.eu-west-1.amazonaws.com`. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  region: string;
};

/** The bucket for pictures. */
export type S3Config = S3Server & {
  bucket: string;
  /** URL of the same bucket for browsers, path-style; if set, pictures are served by a redirect to it. */
  publicEndpoint: string | undefined;
};

export type StorageConfig = {
  /** Undefined: not set. Only used while the installation has no pictures; after that, they stay where they are. */
  imageStore: ImageStoreKind | undefined;
  s3: S3Config | undefined;
  /** The server without a bucket, for uses that name their own, such as backups. */
  s3Server: S3Server | undefined;
};

/** Settings from the file, not validated. */
export type StorageSettings = {
  imageStore?: unknown;
  s3Endpoint?: unknown;
  s3Bucket?: unknown;
  s3AccessKey?: unknown;
  s3SecretKey?: unknown;
  s3Region?: unknown;
  s3PublicEndpoint?: unknown;
};

/** Servers other than AWS accept any region that both sides agree on. */
const DEFAULT_REGION = 'us-east-1';

/** Whether the file has the secret key of the bucket. */
export const holdsS3Secret = ({ s3SecretKey }: StorageSettings): boolean => Boolean(s3SecretKey);

/** Reads and validates the environment and `config.json`. Throws ConfigError, without a secret in it. */
export function storageConfig(file: StorageSettings, env: Env, attempt: Attempt = orThrow): StorageConfig {
  const imageStore = attempt(() =>
    asStore(
      env.IMAGE_STORE || asText('imageStore', file.imageStore),
      spelled(env, 'IMAGE_STORE', 'imageStore'),
    ),
  );
  const server = attempt(() => ({ named: serverOf(file, env) }));
  // Its own faults are said already.
  if (!server) return { imageStore, s3: undefined, s3Server: undefined };
  const s3Server = server.named;
  const s3 = attempt(() => s3Config(file, env, s3Server, imageStore));
  return { imageStore, s3, s3Server };
}

function asStore(text: string | undefined, name: string): ImageStoreKind | undefined {
  if (text === undefined || text === 'filesystem' || text === 'minio') return text;
  throw new ConfigError(`${name} is ${JSON.stringify(text)}; it must be filesystem or minio.`);
}

function serverOf(file: StorageSettings, env: Env): S3Server | undefined {
  const said = {
    S3_ENDPOINT: fromEnvOrFile(env, 'S3_ENDPOINT') ?? asText('s3Endpoint', file.s3Endpoint),
    S3_ACCESS_KEY: fromEnvOrFile(env, 'S3_ACCESS_KEY') ?? asText('s3AccessKey', file.s3AccessKey),
    S3_SECRET_KEY: fromEnvOrFile(env, 'S3_SECRET_KEY') ?? asText('s3SecretKey', file.s3SecretKey),
  };
  const missing = Object.entries(said).flatMap(([name, value]) => (value === undefined ? [name] : []));
  const isNamed = missing.length < Object.keys(said).length || bucketIn(file, env) !== undefined;
  if (!isNamed) return undefined;
  if (missing.length > 0)
    throw new ConfigError(`An S3 server is named, but ${missing.join(', ')} is not set.`);
  return {
    endpoint: asEndpoint(spelledOrFile(env, 'S3_ENDPOINT', 's3Endpoint'), said.S3_ENDPOINT as string),
    accessKey: said.S3_ACCESS_KEY as string,
    secretKey: said.S3_SECRET_KEY as string,
    region: (env.S3_REGION || asText('s3Region', file.s3Region)) ?? DEFAULT_REGION,
  };
}

const bucketIn = (file: StorageSettings, env: Env) =>
  fromEnvOrFile(env, 'S3_BUCKET') ?? asText('s3Bucket', file.s3Bucket);

function s3Config(
  file: StorageSettings,
  env: Env,
  server: S3Server | undefined,
  imageStore: ImageStoreKind | undefined,
): S3Config | undefined {
  const bucket = bucketIn(file, env);
  if (!server || bucket === undefined) {
    if (imageStore !== 'minio') return undefined;
    throw new ConfigError(
      'IMAGE_STORE is minio, but S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY are not set.',
    );
  }
  const publicEndpoint = env.S3_PUBLIC_ENDPOINT || asText('s3PublicEndpoint', file.s3PublicEndpoint);
  return {
    ...server,
    bucket: asBucket(bucket, spelledOrFile(env, 'S3_BUCKET', 's3Bucket')),
    publicEndpoint:
      publicEndpoint && asEndpoint(spelled(env, 'S3_PUBLIC_ENDPOINT', 's3PublicEndpoint'), publicEndpoint),
  };
}

/** The message leaves the address out: it may contain a password. */
function asEndpoint(name: string, text: string): string {
  const url = /^https?:\/\/[^\s@?#]+$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url?.pathname === '/') return url.origin;
  throw new ConfigError(
    `${name} is not an address like https://s3.eu-west-1.amazonaws.com or http://localhost:9000, with nothing behind the name and the port.`,
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function asBucket(text: string, name: string): string {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text) && !text.includes('..')) return text;
  throw new ConfigError(
    `${name} is not the name of a bucket: 3 to 63 small letters, digits, dots and hyphens, such as kulfi-pictures.`,
  );
}
