import type { Attention, AttentionCode } from '../../contract/attention.ts';
import type { StandbyState } from '../../database/standby-watch.ts';
import type { Services } from '../context.ts';

/**
 * Attention that comes from how the database replicates. Made from the state of the watch instead of rows: inserting a row would
 * be one more commit that waits, and a standby takes none. Every process sees the same state.
 */
export function standbyAttention({ standby }: Pick<Services, 'standby'>): Attention[] {
  const state = standby.state();
  const { isStandbySince, missingSince, weakSince } = state;
  return [
    ...open('database_standby', 'problem', isStandbySince, IS_STANDBY),
    ...open('standby_missing', 'problem', missingSince, missing(state)),
    ...open('standby_weak', 'warning', weakSince, weak(state)),
  ];
}

/** What of `before` is over, in words for that. */
export const endedStandby = (
  app: Pick<Services, 'standby' | 'now'>,
  before: ReadonlyMap<string, Attention>,
): Attention[] => {
  const codes = new Set(standbyAttention(app).map(({ code }) => code));
  return Object.entries(OVER).flatMap(([code, detail]) => {
    const ended = before.get(code);
    return ended && !codes.has(code) ? [{ ...ended, detail, endedAt: app.now().toISOString() }] : [];
  });
};

const open = (
  code: AttentionCode & keyof typeof OVER,
  severity: Attention['severity'],
  since: Date | null,
  detail: string,
): Attention[] => (since ? [{ code, severity, detail, since: since.toISOString(), endedAt: null }] : []);

const OVER = {
  database_standby: 'The database is a primary again, and sales are taken.',
  standby_missing: 'What is written to the database is confirmed again, and sales are taken.',
  standby_weak: 'synchronous_standby_names promises again what it says.',
} as const;

const IS_STANDBY =
  'The database in DATABASE_URL is a standby that was not promoted, so nothing can be sold or changed; tills keep their orders. If ' +
  'it is to take over, make sure that the old primary stays off, and promote it: SELECT pg_promote(). Else name the primary in DATABASE_URL.';

const missing = (state: StandbyState) =>
  `No standby named in synchronous_standby_names (${state.names}) confirms what is written to the database, so nothing can be sold or ` +
  `changed until one does; tills keep their orders. ${whoIsThere(state)} If it is lost, set synchronous_standby_names to ` +
  'another one, or to an empty text, and reload PostgreSQL: if the primary is lost after that, so are its last orders.';

/** Enough to find a wrong name among; the text is for people. */
const MAX_NAMED = 5;

function whoIsThere({ connected, level }: StandbyState): string {
  if (connected === null) return 'Start the standby again.';
  if (connected.length === 0) return 'No standby is connected: start it again.';
  const mute = connected.filter(({ syncState }) => syncState === 'sync' || syncState === 'quorum');
  if (mute.length > 0) {
    const paused =
      level === 'remote_apply'
        ? ', or its replay is paused (SELECT pg_wal_replay_resume() on it ends that)'
        : '';
    return `Connected, but silent: ${list(mute)}. It hangs${paused}.`;
  }
  const coming = connected.filter(({ syncState }) => syncState === 'potential');
  if (coming.length > 0) return `Connected, and catching up: ${list(coming)}. Give it time.`;
  return (
    `Connected under other names: ${list(connected)}. A standby is known by application_name in its primary_conninfo: set ` +
    'it there to the name above, or name it here as it is called.'
  );
}

const list = (standbys: { name: string }[]) =>
  [
    ...standbys.slice(0, MAX_NAMED).map(({ name }) => name),
    ...(standbys.length > MAX_NAMED ? ['others'] : []),
  ].join(', ');

const weak = ({ names, level, absent }: StandbyState) =>
  absent.length > 0
    ? `${absent.join(', ')} is named in synchronous_standby_names (${names}) and not connected. Orders are confirmed by another one: ` +
      'start it again before that one is lost, too, or take its name away.'
    : weakLevel(names, level);

const weakLevel = (names: string, level: string) =>
  `synchronous_standby_names (${names}) is set, but synchronous_commit is ${level}: ${WHY[level] ?? WHY.local} Set it to on.`;

const WHY: Record<string, string> = {
  local: 'no order waits for a standby, and a failover may lose answered ones.',
  remote_write: 'a standby that loses its power together with the primary loses answered orders.',
  off: 'a power cut may lose answered orders, also without a failover.',
};
