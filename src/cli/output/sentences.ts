/** How many sessions ended, as a sentence. */
export function sessionsEnded(count: number): string {
  if (count === 0) return 'No session was open.';
  return count === 1 ? '1 session ended.' : `${count} sessions ended.`;
}
