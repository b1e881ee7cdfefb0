import { ProblemError, sentenceOf } from '../../contract/problem.ts';
import type { Transaction } from '../transact.ts';
import { businessDateAt, wallClock } from './business-day.ts';
import { hasBusinessSince } from './sql/has-business-since.ts';
import { lockCounters } from './sql/lock-counters.ts';

/** What a shop's business date follows from; `dayStart` is `HH:MM`, seconds are cut off. */
export type DayRule = { timezone: string; dayStart: string };

const MINUTE_MS = 60_000;
/** The clocks of no two places are further apart, a day start of almost a day included. */
const SEARCHED_MINUTES = 3 * 24 * 60;

/**
 * The first whole minute from `now` on at which both rules give the same business date, for a rule that gives an earlier one
 * now; null if they never do, being a day or more apart.
 */
export function sameDayFrom(now: Date, rule: DayRule, next: DayRule): Date | null {
  const date = businessDateAt(now, rule);
  const startMs = Math.ceil(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const instant = (minutes: number) => new Date(startMs + minutes * MINUTE_MS);
  // A business date never goes back, so halving finds the minute at which the day begins.
  let [low, high] = [0, SEARCHED_MINUTES];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (businessDateAt(instant(middle), next) < date) low = middle + 1;
    else high = middle;
  }
  const begins = instant(low);
  return businessDateAt(begins, rule) === businessDateAt(begins, next) ? begins : null;
}

/**
 * Refuses a rule by which an ended day would come again, so that its orders could be voided and its reports changed. A shop
 * that has no business of that day or after it may take any rule. Throws `day_closed`.
 */
export async function requireNoEarlierDay(
  { app, em }: Transaction,
  shopId: string,
  rule: DayRule,
  next: DayRule,
): Promise<void> {
  const now = app.now();
  const earlier = businessDateAt(now, next);
  if (earlier >= businessDateAt(now, rule)) return;
  await lockCounters(em, shopId);
  if (!(await hasBusinessSince(em, shopId, earlier))) return;
  throw dayAgain(now, rule, next);
}

function dayAgain(now: Date, rule: DayRule, next: DayRule): ProblemError {
  const isNewZone = next.timezone !== rule.timezone;
  const [dayStart, nextStart] = [rule.dayStart.slice(0, 5), next.dayStart.slice(0, 5)];
  const changes = [
    ...(isNewZone ? [`the time zone ${next.timezone}`] : []),
    ...(dayStart === nextStart ? [] : [`the day start ${nextStart}`]),
  ];
  const from = sameDayFrom(now, rule, next);
  const pointer = isNewZone ? '/timezone' : '/dayStart';
  const detail = `With ${changes.join(' and ')} it would be ${businessDateAt(now, next)} again, and the shop has business of that day or after it. It is ${businessDateAt(now, rule)} now, by ${rule.timezone} and the day start ${dayStart}. ${from ? possibleFrom(from, rule) : NEVER}`;
  return new ProblemError('day_closed', {
    detail: sentenceOf({ pointer, detail }),
    errors: [{ pointer, detail }],
    extra: from ? { possibleFrom: from.toISOString() } : {},
  });
}

function possibleFrom(from: Date, { timezone }: DayRule): string {
  const { date, time } = wallClock(from, timezone);
  return `This change can be made from ${date} ${time.slice(0, 5)} on, by the clock of ${timezone}.`;
}

const NEVER =
  'By these two it is never the same day at the same time: go there in two steps, by a time zone or a day start in between.';
