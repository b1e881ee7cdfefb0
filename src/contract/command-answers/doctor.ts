import { z } from 'zod';
import { Attention, LastBackups } from '../attention.ts';
import { Timestamp } from '../primitives.ts';

/** `skipped`: it could not be looked at, or there is nothing to look at; `detail` says why. */
export const checkStates = ['ok', 'warning', 'problem', 'skipped'] as const;
export type CheckState = (typeof checkStates)[number];

export const CheckResult = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/),
  state: z.enum(checkStates),
  /** What was found, and for a warning or a problem why it matters. */
  detail: z.string().min(1),
  /** What to do about it, with the command; null where there is nothing to do. */
  fix: z.string().nullable(),
  /** The commands in `fix`, as they are typed here, in that order; with `--home` where that was given; some are SQL. */
  commands: z.array(z.string()),
});
export type CheckResult = z.output<typeof CheckResult>;

const Disk = z.strictObject({
  folder: z.string(),
  places: z.array(z.enum(['home', 'database', 'images', 'backups'])),
  level: z.enum(['warning', 'problem']).nullable(),
  freeBytes: z.number(),
  sizeBytes: z.number(),
});

const Https = z.strictObject({
  mode: z.enum(['off', 'own', 'files']),
  /** Null where there is no certificate. */
  endsAt: Timestamp.nullable(),
  problem: z.string().nullable(),
});

const BackupStatus = LastBackups.extend({
  schedule: z.string().nullable(),
  drill: z.string().nullable(),
  keep: z.strictObject({ daily: z.int(), weekly: z.int(), monthly: z.int() }),
  to: z.string(),
  /** When the last restore was, or its undoing; backups before it are not counted here. Null for never. */
  restoredAt: Timestamp.nullable(),
  /** The archive of the last successful backup. */
  file: z.string().nullable(),
  sizeBytes: z.number().nullable(),
  /** The last failed backup or drill, if none succeeded since. */
  lastFailure: z.strictObject({ at: Timestamp, error: z.string() }).nullable(),
  hasRecoveryKey: z.boolean(),
  nextAt: Timestamp.nullable(),
  nextDrillAt: Timestamp.nullable(),
  isOverdue: z.boolean(),
});
export type BackupStatus = z.output<typeof BackupStatus>;

/** Known without the database. */
const here = {
  version: z.string(),
  home: z.string(),
  disks: z.array(Disk),
  /** Places whose disk does not answer. */
  silentDisks: z.array(z.string()),
  https: Https,
  redis: z.strictObject({ isConfigured: z.boolean(), problem: z.string().nullable() }),
  /** What checks of `doctor` find wrong of settings, server and backups; those that need the database are left out without it. */
  findings: z.array(CheckResult),
};

/** Known from the database. */
const inDatabase = {
  database: z.strictObject({
    kind: z.enum(['embedded', 'external']),
    address: z.string(),
    version: z.string(),
  }),
  /** The migration that was applied last. */
  schema: z.string(),
  /** `since`: the start of the server that has run longest. */
  server: z.strictObject({ isRunning: z.boolean(), since: Timestamp.nullable() }),
  images: z.strictObject({ store: z.enum(['filesystem', 'minio']), problem: z.string().nullable() }),
  shops: z.array(
    z.strictObject({
      code: z.string(),
      name: z.string(),
      currency: z.string(),
      businessDate: z.string(),
      orders: z.int(),
      total: z.string(),
    }),
  ),
  /** `online`: that were in use within the last 20 minutes. */
  devices: z.strictObject({ paired: z.int(), online: z.int() }),
  backup: BackupStatus,
  attention: z.array(Attention),
};

/** With the database away, what is known without it, and the error as every command prints one. */
const Status = z.union([
  z.strictObject({ ...here, ...inDatabase }),
  z.strictObject({ ...here, error: z.strictObject({ title: z.string() }), exitCode: z.int() }),
]);
export type StatusAnswer = z.output<typeof Status>;

const Doctor = z.strictObject({
  checks: z.array(CheckResult),
  /** With `--fix`: what was mended, a sentence each. */
  fixed: z.array(z.strictObject({ id: z.string(), done: z.string() })).optional(),
  /** With `--report`: the file that was written. */
  report: z.string().optional(),
});
export type DoctorAnswer = z.output<typeof Doctor>;

export const doctorAnswers = { status: Status, doctor: Doctor } as const satisfies Record<string, z.ZodType>;
