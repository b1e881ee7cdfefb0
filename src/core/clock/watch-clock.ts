import { hostname } from 'node:os';
import type { EntityManager } from '@mikro-orm/postgresql';
import { queryRow } from '../../database/query.ts';
import { formatMinute } from '../../figures.ts';
import { endAttention, listAttention, raiseAttention } from '../attention/attention.ts';
import type { Context } from '../context.ts';
import { type Watch, watchEvery } from '../watch-every.ts';

/** A clock is set within seconds of the start, or by hand. */
const LOOK_MS = 30_000;
/** Servers of one database may differ by so much. */
export const TOLERANCE_MS = 120_000;
/**
 * By number, not by time: what was recorded by a wrong clock must not count for ever. So many changes of a shop are an hour or
 * two of sales.
 */
const LAST_EVENTS = 100;

// events.seq counts up whatever the clock says.
const NEWEST = `
  SELECT max(last.at) AS newest FROM shops s
  CROSS JOIN LATERAL (SELECT at FROM events WHERE shop_id = s.id ORDER BY seq DESC LIMIT ${LAST_EVENTS}) last`;

type WatchContext = () => Pick<Context, 'em'> & { app: Pick<Context['app'], 'now' | 'log'> };

/**
 * Raises `clock_behind` for the owners while this machine's clock is earlier than what was recorded last: a machine without a
 * battery for its clock starts with an old time, and bills would get it as their date. A machine ends only what it raised itself,
 * or found open when it started; one whose clock is still behind then raises it again.
 */
export function watchClock(context: WatchContext, everyMs = LOOK_MS): Watch {
  let isFirst = true;
  let isOurs = false;
  const look = async () => {
    const now = context().app.now();
    const newest = await newestTime(context().em);
    const isBehind = newest !== null && newest.getTime() - now.getTime() > TOLERANCE_MS;
    if (isBehind && !isOurs) {
      context().app.log.error({ now, newest }, 'the clock is earlier than what was recorded last: set it');
    }
    // Another machine may have ended ours; what is open is left alone, for each change is sent to all owners.
    if (isBehind && !(isOurs && (await isOpen(context().em)))) {
      await raiseAttention(context(), {
        code: 'clock_behind',
        severity: 'problem',
        detail: describe(now, newest),
      });
    }
    if (!isBehind && (isFirst || isOurs)) await endAttention(context(), 'clock_behind');
    isOurs = isBehind;
    isFirst = false;
  };
  return watchEvery(everyMs, look, (error) =>
    context().app.log.warn({ err: error }, 'the clock could not be compared; trying again'),
  );
}

const isOpen = async (em: EntityManager) =>
  (await listAttention(em)).some(({ code }) => code === 'clock_behind');

/** When the last changes of the shops were recorded, the newest; null before the first. */
export async function newestTime(em: EntityManager): Promise<Date | null> {
  const row = await queryRow<{ newest: string | null }>(em, NEWEST);
  return row?.newest ? new Date(row.newest) : null;
}

const describe = (now: Date, newest: Date) =>
  `The clock of ${hostname()} says ${formatMinute(now)}, but something was recorded at ${formatMinute(newest)}. Bills of now get a wrong date ` +
  'and perhaps a number of another year: set the clock (timedatectl), or let it have the internet. If it was ahead before and is ' +
  'right now, go on: this is over after some sales.';
