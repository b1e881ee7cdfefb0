import { z } from 'zod';

/** Format version; raised when an older program could not read the new format. */
export const FORMAT = 1;

/** Members of an archive, in this order; the manifest is last, as its checksums are only known then. */
export const members = {
  readme: 'README.txt',
  header: 'smoocho.json',
  secrets: 'secrets.json',
  manifest: 'manifest.json',
} as const;

const PART_DIGITS = 6;

/** `tables/orders.000001.copy`: rows in COPY's text format; the parts joined are the table. */
export const tableMember = (table: string, part: number) =>
  `tables/${table}.${String(part).padStart(PART_DIGITS, '0')}.copy`;

export const imageMember = (key: string) => `images/${key}`;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bytes = z.int().min(0);

/** Read before everything else. Later versions may add fields. */
export const Header = z.looseObject({
  format: z.int().min(1),
  id: z.guid(),
  createdAt: z.iso.datetime(),
  /** Version of the program that made it. */
  version: z.string(),
  /** As in the manifest, which only stands at the end of gigabytes. */
  recoveryRecipient: z.string().nullish(),
});
export type Header = z.output<typeof Header>;

export const ArchivedShop = z.strictObject({
  id: z.guid(),
  code: z.string(),
  name: z.string(),
  currency: z.string(),
  epoch: z.guid(),
  /** Number of orders issued, including voided ones. */
  orders: z.int(),
  /** Sum of their totals, as decimal text. */
  total: z.string().regex(/^-?\d+\.\d{2}$/),
});
export type ArchivedShop = z.output<typeof ArchivedShop>;

export const ArchivedTable = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_]*$/),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })).min(1),
  rows: z.int().min(0),
  sizeBytes: Bytes,
  parts: z.int().min(0),
  /** Hash of the COPY text of all its rows. */
  sha256: Sha256,
});
export type ArchivedTable = z.output<typeof ArchivedTable>;

export const ArchivedImage = z.strictObject({ key: z.string(), sizeBytes: Bytes, sha256: Sha256 });
export type ArchivedImage = z.output<typeof ArchivedImage>;

export const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  id: z.guid(),
  createdAt: z.iso.datetime(),
  version: z.string(),
  /** Major and minor version of the source server. */
  postgres: z.string(),
  /** Every migration of the schema, in the order in which they were applied. */
  migrations: z.array(z.string()).min(1),
  /**
   * Fingerprint of the master key that wraps the keys (`masterKeyFingerprint`); `unknown` if the machine of a
   * plain archive had lost it, null if there were no keys yet.
   */
  masterKey: z.string().nullable(),
  hasSecrets: z.boolean(),
  /** Public key of the owner's recovery key. */
  recoveryRecipient: z.string().nullable(),
  shops: z.array(ArchivedShop),
  tables: z.array(ArchivedTable),
  sequences: z.array(
    z.strictObject({ name: z.string(), value: z.string().regex(/^-?\d{1,18}$/), isCalled: z.boolean() }),
  ),
  images: z.array(ArchivedImage),
  /** Images that the database refers to and that could not be read whole. */
  missingImages: z.array(z.string()),
  /** The last seal of each audit chain, as Z reports print it. */
  auditHeads: z.array(z.strictObject({ chain: z.string(), head: z.string() })),
});
export type Manifest = z.output<typeof Manifest>;

/** Only in encrypted archives. */
export const Secrets = z.looseObject({
  /** 32 bytes in base64url. */
  masterKey: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .nullable(),
  /** Certificate and key of the authority that devices trust, as PEM; those of before HTTPS have none. */
  tlsAuthority: z.string().max(16_384).nullish(),
});
export type Secrets = z.output<typeof Secrets>;

/** For people who have the file without the program. */
export const readme = (
  isEncrypted: boolean,
) => `This is a backup that Smoocho, a point of sale, made of a shop.

With Smoocho:     smoocho restore FILE${isEncrypted ? ' --identity RECOVERY-KEY-FILE' : ''}
Without it:       ${isEncrypted ? 'age -d -i RECOVERY-KEY-FILE FILE | zstd -d | tar x' : 'zstd -d < FILE | tar x'}

smoocho.json      which version made it, and when
tables/           the rows of each table in the text format of PostgreSQL's COPY, in numbered parts:
                  cat tables/orders.*.copy | psql -c "COPY orders (...) FROM STDIN"
                  The columns and their order are in manifest.json.
images/           the pictures of products
manifest.json     what there has to be: columns, rows and SHA-256 of each table and picture
${isEncrypted ? 'secrets.json      the master key, which opens the phone numbers and addresses of customers,\n                  and the certificate authority that devices of the shop trust\n' : ''}`;
