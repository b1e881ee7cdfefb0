import { randomBytes } from 'node:crypto';
import type { ImageStoreKind, S3Config } from '../config.ts';
import { StoreUnavailableError } from './errors.ts';
import { type ImageStore, imageKey } from './image-store.ts';
import { openStore, type StoreConfig } from './open-store.ts';

/** What is wrong with a store, as a sentence that says what mends it. */
export type StoreFinding = { code: string; detail: string };

/** No shop has this id: the garbage collection leaves its files alone, and this check takes them away. */
const NO_SHOP = '00000000-0000-0000-0000-000000000000';
/** S3 refuses signatures that are a quarter of an hour off; a clock that runs away is there within days. */
const MAX_CLOCK_SECONDS = 60;

/**
 * Tries a store of pictures from end to end: the bucket is made if need be, a file written, read and taken away again, and on S3
 * it is looked whether strangers see it and whether the clocks agree. Gives what is wrong; nothing when all is well. It never
 * throws for the store, and takes seconds at most for one that is away.
 */
export async function checkStore(kind: ImageStoreKind, config: StoreConfig): Promise<StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const tried = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (!findings.some(({ detail }) => detail === error.message)) {
        findings.push({ code: error.code, detail: error.message });
      }
      return undefined;
    }
  };
  const { s3 } = config;
  if (kind === 'minio' && s3) await tried(() => checkBucket(s3, findings));
  // Whoever may not look at the bucket may still use it; one that is away or not there is tried once.
  if (findings.some(({ code }) => code !== 'AccessDenied')) return findings;
  const before = findings.splice(0);
  const store = await tried(() => openStore(kind, config));
  if (!store) return findings;
  try {
    const publicly = kind === 'minio' && s3 ? (key: string) => checkPrivate(s3, key, findings) : undefined;
    await tried(() => tryFile(store, findings, publicly));
  } finally {
    store.close();
  }
  return findings.length > 0 ? [...before, ...findings] : [];
}

async function checkBucket(config: S3Config, findings: StoreFinding[]): Promise<void> {
  const { openS3 } = await import('./s3.ts');
  const s3 = await openS3(config);
  try {
    await s3.ensureBucket();
  } finally {
    const seconds = s3.clockDifference();
    if (seconds !== undefined && Math.abs(seconds) > MAX_CLOCK_SECONDS) {
      const far = `${Math.abs(seconds)} seconds ${seconds > 0 ? 'ahead of' : 'behind'}`;
      const detail = `The clock of the S3 server at ${config.endpoint} is ${far} this machine's. Set both right, by NTP: S3 refuses requests that are off by a quarter of an hour.`;
      findings.push({ code: 'Clock', detail });
    }
    s3.close();
  }
}

async function tryFile(
  store: ImageStore,
  findings: StoreFinding[],
  whileThere: ((key: string) => Promise<void>) | undefined,
): Promise<void> {
  for await (const { key } of store.list(`${NO_SHOP}/`)) await store.delete(key);
  const bytes = randomBytes(1_000);
  const key = imageKey(NO_SHOP, randomBytes(32).toString('hex'), 160);
  await store.put(key, bytes);
  const read = await store.read(key, bytes.length);
  if (!read?.equals(bytes)) {
    findings.push({
      code: 'Unfaithful',
      detail: 'The store does not give back what was put into it. Use another one.',
    });
  }
  await whileThere?.(key);
  await store.delete(key);
  if (await store.stat(key)) {
    findings.push({
      code: 'Undeletable',
      detail: 'The store does not take away what it is told to. Look at its locks and rules of retention.',
    });
  }
}

/** Pictures are for whoever has their signed address: a stranger must get none by its name, nor a list of them. */
async function checkPrivate(
  { endpoint, bucket }: S3Config,
  key: string,
  findings: StoreFinding[],
): Promise<void> {
  const { askAnonymously } = await import('./s3-transport.ts');
  const asked = [`${endpoint}/${bucket}/${key}`, `${endpoint}/${bucket}?list-type=2&max-keys=1`];
  const statuses = await Promise.all(asked.map((url) => askAnonymously(new URL(url))));
  if (!statuses.includes(200)) return;
  const detail = `Anybody can read the bucket ${bucket} at ${endpoint}. Block public access to it.`;
  findings.push({ code: 'Public', detail });
}
