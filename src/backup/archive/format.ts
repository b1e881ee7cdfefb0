import { z } from 'zod';

/** Raised when an older program could not read what this one writes. */
export const FORMAT = 1;

/** The members of an archive, in this order; the manifest comes last because only then are its checksums known. */
export const members = {
  readme: 'README.txt',
  header: 'smoocho.json',
  secrets: 'secrets.json',
  manifest: 'manifest.json',
} as const;

const PART_DIGITS = 6;

/** `tables/orders.000001.copy`: rows of a table in COPY's text format; the parts one after the other are the table. */
export const tableMember = (table: string, part: number) =>
  `tables/${table}.${String(part).padStart(PART_DIGITS, '0')}.copy`;

export const imageMember = (key: string) => `images/${key}`;

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bytes = z.int().min(0);

/** What has to be known before anything else is read. Later versions may add fields. */
export const Header = z.looseObject({
  format: z.int().min(1),
  id: z.guid(),
  createdAt: z.iso.datetime(),
  /** The program that made it. */
  version: z.string(),
});
export type Header = z.output<typeof Header>;

export const ArchivedShop = z.strictObject({
  id: z.guid(),
  code: z.string(),
  name: z.string(),
  currency: z.string(),
  epoch: z.guid(),
  /** Of all orders that were issued, voided ones too. */
  orders: z.int(),
  /** Their totals, as decimal text. */
  total: z.string().regex(/^-?\d+\.\d{2}$/),
});
export type ArchivedShop = z.output<typeof ArchivedShop>;

export const ArchivedTable = z.strictObject({
  name: z.string().regex(/^[a-z_][a-z0-9_]*$/),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })).min(1),
  rows: z.int().min(0),
  sizeBytes: Bytes,
  parts: z.int().min(0),
  /** Over the COPY text of all its rows. */
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
  /** Major and minor version of the server that it was read from. */
  postgres: z.string(),
  /** Every migration that the schema had, in the order in which they were applied. */
  migrations: z.array(z.string()).min(1),
  /**
   * Which master key the keys in it are wrapped with (`masterKeyFingerprint`); `unknown` where the machine of a plain archive had
   * lost it, null where there were no keys yet.
   */
  masterKey: z.string().nullable(),
  hasSecrets: z.boolean(),
  /** The public half of the owner's recovery key. */
  recoveryRecipient: z.string().nullable(),
  shops: z.array(ArchivedShop),
  tables: z.array(ArchivedTable),
  sequences: z.array(
    z.strictObject({ name: z.string(), value: z.string().regex(/^-?\d{1,18}$/), isCalled: z.boolean() }),
  ),
  images: z.array(ArchivedImage),
  /** Pictures that the database refers to and that could not be read whole. */
  missingImages: z.array(z.string()),
  /** The last seal of each chain of the audit, as Z reports print it. */
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
});
export type Secrets = z.output<typeof Secrets>;

/** For whoever has the file and not the program. */
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
${isEncrypted ? 'secrets.json      the master key, which opens the phone numbers and addresses of customers\n' : ''}`;
