import { z } from 'zod';
import { Timestamp } from './primitives.ts';
import { defineRoute } from './route.ts';

/** What this version raises. A newer one may know more: show `detail` of a code that you don't know. */
export const attentionCodes = [
  /** The last backup could not be made. */
  'backup_failed',
  /** The last backup was made, and pictures that could not be read are not in it. */
  'backup_pictures_missing',
  /** None was made for twice as long as there should be between two. */
  'backup_overdue',
  /** Backups can be opened by this box alone: they are worth nothing when it burns. */
  'backup_key_missing',
  /** Old backups could not be taken away: the disk may fill up. */
  'backup_prune_failed',
  /** The last backup could not be restored for trial, or was not sound. */
  'drill_failed',
  'drill_overdue',
  /** Pictures that nothing refers to any more could not be taken away. */
  'images_gc_failed',
] as const;
export type AttentionCode = (typeof attentionCodes)[number];

/** A `problem` needs somebody now; a `warning` should be seen to. */
export const attentionSeverities = ['warning', 'problem'] as const;
export type AttentionSeverity = (typeof attentionSeverities)[number];

/** Something about the whole installation that its owners have to know. */
export const Attention = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/),
  severity: z.enum(attentionSeverities),
  /** A sentence for people. */
  detail: z.string(),
  since: Timestamp,
  /** Null while it is so. */
  endedAt: Timestamp.nullable(),
});
export type Attention = z.output<typeof Attention>;

/** When each last succeeded; null for never. */
export const LastBackups = z.strictObject({
  lastCreatedAt: Timestamp.nullable(),
  /** When one was last read back: right after it was made, by hand, or for trial. */
  lastVerifiedAt: Timestamp.nullable(),
  /** When one was last restored for trial. */
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
 * On the live feed of every shop, for owners alone: something was raised, changed or ended. Each that is open comes when the
 * socket connects. It is not stored and has no seq.
 */
export const AttentionNeeded = z.strictObject({
  type: z.literal('attention_needed'),
  at: Timestamp,
  data: Attention,
});
export type AttentionNeeded = z.output<typeof AttentionNeeded>;
