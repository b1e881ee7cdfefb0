import { z } from 'zod';
import { Timestamp } from './primitives.ts';
import { defineRoute } from './route.ts';

/** Codes of this version. A newer one may have more: show `detail` for an unknown code. */
export const attentionCodes = [
  /** The last backup failed. */
  'backup_failed',
  /** The last backup succeeded, but lacks images that could not be read. */
  'backup_pictures_missing',
  /** No backup was made for twice the scheduled interval. */
  'backup_overdue',
  /** Only this machine can decrypt the backups: if it is destroyed, they are worthless. */
  'backup_key_missing',
  /** Old backups could not be deleted: the disk may fill up. */
  'backup_prune_failed',
  /** The trial restore of the last backup failed, or found damage. */
  'drill_failed',
  'drill_overdue',
  /** Unused images could not be deleted. */
  'images_gc_failed',
  /** Commits wait for a synchronous standby that is gone: nothing can be sold. */
  'standby_missing',
  /** `synchronous_standby_names` promises less than it seems to: a failover may lose answered orders. */
  'standby_weak',
  /** The database is a standby itself and was not promoted: nothing can be sold. */
  'database_standby',
  /** A disk of a server has little room left; a problem when it is nearly full. */
  'disk_low',
  /** The clock of a server is earlier than what was recorded last: bills get a wrong date. */
  'clock_behind',
] as const;
export type AttentionCode = (typeof attentionCodes)[number];

/** A `problem` needs action now; a `warning` should be looked into. */
export const attentionSeverities = ['warning', 'problem'] as const;
export type AttentionSeverity = (typeof attentionSeverities)[number];

/** A condition of the whole installation that its owners must know. */
export const Attention = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
  severity: z.enum(attentionSeverities),
  detail: z.string(),
  since: Timestamp,
  /** Null while it is open. */
  endedAt: Timestamp.nullable(),
});
export type Attention = z.output<typeof Attention>;

/** Times of the last success; null for never. */
export const LastBackups = z.strictObject({
  lastCreatedAt: Timestamp.nullable(),
  /** When a backup was last read back: after it was made, by hand, or in a trial restore. */
  lastVerifiedAt: Timestamp.nullable(),
  /** Time of the last trial restore. */
  lastDrillAt: Timestamp.nullable(),
});
export type LastBackups = z.output<typeof LastBackups>;

export const listAttention = defineRoute({
  name: 'listAttention',
  summary:
    'What needs the owner now, problems first, and when backups were last made, read back and restored for trial',
  method: 'get',
  path: '/api/attention',
  permission: 'owner',
  responses: { 200: z.strictObject({ data: z.array(Attention), backup: LastBackups }) },
  problems: [],
});

/**
 * Sent to owners on the live feed of every shop when an attention is raised, changed or ended. On connect, all open ones are
 * sent. Not stored, no seq.
 */
export const AttentionNeeded = z.strictObject({
  type: z.literal('attention_needed'),
  at: Timestamp,
  data: Attention,
});
export type AttentionNeeded = z.output<typeof AttentionNeeded>;
