import { isTimeZone } from '../../contract/shops.ts';
import { wallClock } from '../shops/business-day.ts';
import { type Fault, MAX_FAULTS } from '../verify/check.ts';
import { nameActor } from './name-actor.ts';
import type { Seal } from './seal.ts';
import type { AuditRow, RecordKind } from './sql/read-records.ts';

export type FaultKind =
  | 'changed'
  | 'removed'
  | 'inserted'
  | 'cut_off'
  | 'rewritten'
  | 'seal_changed'
  | 'seal_removed'
  | 'seal_forged'
  | 'restore_forged'
  | 'counter'
  | 'not_sealed';

export type ChainFault = Fault & { kind: FaultKind };

/** Keeps the first faults, and counts all of them. */
export function collectFaults() {
  const faults: ChainFault[] = [];
  let wrong = 0;
  return {
    faults,
    wrong: () => wrong,
    add(kind: FaultKind, subject: string, detail: string) {
      wrong += 1;
      if (faults.length < MAX_FAULTS) faults.push({ kind, subject, detail });
    },
  };
}
export type Faults = ReturnType<typeof collectFaults>;

const kindNames: Record<RecordKind, string> = { event: 'Event', log: 'Log entry' };
const kindPlurals: Record<RecordKind, string> = { event: 'Events', log: 'Log entries' };

/** `Event 41`, or `Events 41 to 45`. */
export const spanOf = (kind: RecordKind, first: number, last = first) =>
  first === last ? `${kindNames[kind]} ${first}` : `${kindPlurals[kind]} ${first} to ${last}`;

export const isAre = (first: number, last: number) => (first === last ? 'is' : 'are');

/** `2026-04-01 12:05:03`, by the shop's clock; by UTC where somebody made its time zone one that is none. */
export function timeOf(at: string | null, timezone: string): string {
  const instant = new Date(at ?? Number.NaN);
  if (Number.isNaN(instant.getTime())) return 'no time';
  const { date, time } = wallClock(instant, isTimeZone(timezone) ? timezone : 'UTC');
  return `${date} ${time}`;
}

/** `order_updated of KULF/2627/000012, 2026-04-01 12:05:03, by Asha`: what a record says of itself now. */
export function wordsOf({ type, at, actor, data }: AuditRow, timezone: string): string {
  const { orderNumber, name } = fieldsOf(data);
  const subject = [orderNumber, name].find((text) => typeof text === 'string' && text !== '');
  const who = nameActor(fieldsOf(actor)) ?? 'somebody unknown';
  const what = subject === undefined ? type : `${type} of ${subject}`;
  return `${what}, ${timeOf(at, timezone)}, by ${who}`;
}

/** Whoever changes a record may make anything of it. */
function fieldsOf(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export const sealWords = ({ sealNo, sealedAt }: Pick<Seal, 'sealNo' | 'sealedAt'>, timezone: string) =>
  `seal ${sealNo} of ${timeOf(sealedAt, timezone)}`;
