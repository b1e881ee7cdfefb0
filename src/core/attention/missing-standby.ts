import type { Attention } from '../../contract/attention.ts';
import type { Services } from '../context.ts';

/**
 * The attention for a synchronous standby that is missing. It has no row: that would be one more commit that waits, and
 * whoever asks finds the database in the same state. Null while commits are confirmed.
 */
export function missingStandby({ standby }: Pick<Services, 'standby'>): Attention | null {
  const { names, missingSince } = standby.state();
  if (!missingSince) return null;
  return {
    code: 'standby_missing',
    severity: 'problem',
    detail:
      `No standby that synchronous_standby_names names (${names}) confirms what is written to the database, so nothing can be sold, ` +
      'or changed, until one does; tills keep their sales. Start the standby again. If it is lost, set synchronous_standby_names to ' +
      'another one, or to nothing and reload PostgreSQL: from then on a lost primary takes its last sales along.',
    since: missingSince.toISOString(),
    endedAt: null,
  };
}
