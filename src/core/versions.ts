import { ProblemError } from '../contract/problem.ts';

/** The `updatedAt` of a change: later than before even within a millisecond, because it raises the version. */
export const nextUpdatedAt = (now: Date, { updatedAt }: { updatedAt: Date }): Date =>
  new Date(Math.max(now.getTime(), updatedAt.getTime() + 1));

/**
 * Refuses a change that was made against an older state (409 with the current one, so that the client can show it).
 * `sent` is undefined when the client doesn't care.
 */
export function checkVersion(sent: number | undefined, current: { version: number }): void {
  if (sent === undefined || sent === current.version) return;
  throw new ProblemError('version_conflict', {
    detail: `You changed version ${sent}, but it is at version ${current.version} by now. Look at it again.`,
    extra: { current },
  });
}
