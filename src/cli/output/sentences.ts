/** How many sessions ended, as a sentence. */
export function sessionsEnded(count: number): string {
  if (count === 0) return 'No session was open.';
  return count === 1 ? '1 session ended.' : `${count} sessions ended.`;
}

/** What to say, with a space before it, when a new password took the PIN away. */
export const pinGone = (hadPin: boolean): string => (hadPin ? ' The PIN is gone with the old password.' : '');

/** What the total of a backup is: of every order in it, so that two backups can be told apart, and not what was earned. */
export const OF_BILLS = 'on all bills (voided ones too, before refunds)';
