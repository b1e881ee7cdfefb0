import type { Attention } from '../../contract/attention.ts';
import type { Services } from '../context.ts';

/**
 * Attention for a missing synchronous standby; null while commits are confirmed. Made from the state of the standby instead of
 * a row: inserting a row would be one more commit that waits. Every process sees the same state.
 */
export function missingStandby({ standby }: Pick<Services, 'standby'>): Attention | null {
  const { names, missingSince } = standby.state();
  if (!missingSince) return null;
  return {
    code: 'standby_missing',
    severity: 'problem',
    detail:
      `No standby named in synchronous_standby_names (${names}) confirms what is written to the database, so nothing can be sold or ` +
      'changed until one does; tills keep their orders. Start the standby again. If it is lost, set synchronous_standby_names to ' +
      'another one, or to an empty text, and reload PostgreSQL: if the primary is lost after that, so are its last orders.',
    since: missingSince.toISOString(),
    endedAt: null,
  };
}
