import { randomBytes } from 'node:crypto';
import type { ImageStoreKind, S3Config } from '../config.ts';
import { StoreUnavailableError } from './errors.ts';
import { type ImageStore, imageKey } from './image-store.ts';
import { openStore, type StoreConfig } from './open-store.ts';

/** A fault of a store: a code and a sentence that says how to fix it. */
export type StoreFinding = { code: string; detail: string };

/** Shop id of the test file. No shop has it: garbage collection skips it, and this check deletes its files. */
const NO_SHOP = '00000000-0000-0000-0000-000000000000';
/** S3 rejects signatures 15 minutes off; a drifting clock gets there within days. */
const MAX_CLOCK_SECONDS = 60;

/**
 * Checks an image store end to end: creates the bucket if needed, writes, reads and deletes a file; on S3 also checks for
 * public access and clock difference. Returns the findings, none if all is well. Never throws StoreUnavailableError; takes
 * seconds at most when the store is unreachable.
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
  // A key may use a bucket that it may not HEAD, so go on after AccessDenied. Don't try again after any other finding.
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

/** Images need a signed URL: an anonymous request must not read one by its key, nor list the bucket. */
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
