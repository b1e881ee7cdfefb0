import type { AttentionSeverity } from '../../contract/attention.ts';

const GB = 1_000_000_000;
const MB = 1_000_000;

/** Minimum free space of a disk. The smaller of the two figures applies, so that small disks have levels too. */
type Threshold = { severity: AttentionSeverity; freeBytes: number; share: number };

/** The worst first. */
export const thresholds: readonly Threshold[] = [
  // PostgreSQL stops when it can't write. Its log alone may take some hundred MB between two checkpoints.
  { severity: 'problem', freeBytes: 500 * MB, share: 0.03 },
  // The next backup, beside the one that it replaces, and the room that a restore or an upgrade asks for.
  { severity: 'warning', freeBytes: 2 * GB, share: 0.1 },
];

/** A level ends a quarter above where it began: what is written and taken away all day would raise and end it all day. */
export const END_FACTOR = 1.25;

export type Room = { freeBytes: number; sizeBytes: number };

const limitOf = ({ freeBytes, share }: Threshold, sizeBytes: number) =>
  Math.min(freeBytes, share * sizeBytes);

/** How low a disk is; `before` is what this function said of it the last time. */
export function levelOf(
  { freeBytes, sizeBytes }: Room,
  before: AttentionSeverity | null,
): AttentionSeverity | null {
  const beganAt = thresholds.findIndex(({ severity }) => severity === before);
  const found = thresholds.find((threshold, i) => {
    const isOpen = beganAt !== -1 && beganAt <= i;
    return freeBytes < limitOf(threshold, sizeBytes) * (isOpen ? END_FACTOR : 1);
  });
  return found?.severity ?? null;
}

/** The more serious one. */
export const worst = (levels: readonly (AttentionSeverity | null)[]): AttentionSeverity | null =>
  thresholds.find(({ severity }) => levels.includes(severity))?.severity ?? null;
