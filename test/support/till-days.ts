import type pg from 'pg';
import type { EventEnvelope } from '../../src/contract/events.ts';
import type { Run } from './till-checks.ts';
import { type EndOfDay, FIRST_DAY, reportsOfFirstDay, SECOND_DAY } from './till-closed.ts';
import { countOf, looseMinor } from './till-drawers.ts';
import { type History, historyOf } from './till-history.ts';
import { countDrawer, idsOf, openDrawer, type TillRequest, voidOf } from './till-requests.ts';
import { type Journal, newJournal, runTills, sendAsOften } from './till-run.ts';
import type { Command, Script } from './till-script.ts';
import { DAY_STARTS, type TillShop } from './till-shop.ts';

export type Counting = { db: pg.Client; heardSoFar(): Promise<EventEnvelope[]> };
type Worked = Pick<Run, 'journal' | 'heard' | 'history' | 'endOfDay' | 'counts'>;
type At = { shop: TillShop; journal: Journal; counts: Run['counts'] };

/**
 * Two business days of a script: a drawer is opened, the tills work, and the drawer is counted by what the tills were told.
 * The day changes between them.
 */
export async function runTwoDays(
  shop: TillShop,
  script: Script,
  { db, heardSoFar }: Counting,
  { readsReports }: { readsReports: boolean },
): Promise<Worked> {
  const at: At = { shop, journal: newJournal(), counts: [] };
  const { journal } = at;
  let nextDayAt = Number.POSITIVE_INFINITY;
  const look = async () => {
    const heard = await heardSoFar();
    const days = { first: FIRST_DAY, second: SECOND_DAY, nextDayAt };
    return { heard, history: await historyOf(db, shop.id, heard, days) };
  };

  await open(at, 'first');
  await runTills(shop, journal, script, 0);
  if (script.clearsUp) await clearUp(at);
  const { history } = await look();
  await count(at, history);
  const reports = readsReports ? await reportsOfFirstDay(shop) : null;
  const endOfDay: EndOfDay = {
    orders: [...journal.orders.values()],
    roundedMinor: history.roundedOn(FIRST_DAY),
    reports,
  };

  const heard = await heardSoFar();
  nextDayAt = heard.at(-1)?.seq ?? 0;
  const { status, text } = await shop.manager.put(`${shop.path}/settings`, { dayStart: DAY_STARTS[1] });
  if (status !== 200) throw new Error(`The day could not be changed: ${text}`);
  await open(at, 'second');
  await runTills(shop, journal, script, 1);
  await count(at, (await look()).history);
  return { journal, endOfDay, counts: at.counts, ...(await look()) };
}

async function send({ shop, journal }: At, command: Command, request: TillRequest): Promise<void> {
  await sendAsOften(shop, journal, [{ command, request, till: 0, answers: [] }]);
}

const TURN: Command = { do: 'drawer', send: 'once', reopens: false };

async function open(at: At, name: string): Promise<void> {
  const idOf = idsOf(at.shop);
  await send(at, TURN, openDrawer({ shop: at.shop, idOf: (what) => idOf(`${what} of the ${name} day`) }));
}

async function clearUp(at: At): Promise<void> {
  const parked = [...at.journal.orders.values()].filter(
    ({ status, paymentStatus, payLater }) =>
      !payLater && (status === 'open' || (status !== 'voided' && paymentStatus !== 'completed')),
  );
  for (const { id } of parked)
    await send(at, { do: 'void', send: 'once', order: 0 }, voidOf({ path: `${at.shop.path}/orders/${id}` }));
}

/** Counts the open drawer while no till works: what is in it is what the tills took and gave. */
async function count(at: At, { openShift, changes }: History): Promise<void> {
  if (!openShift) return;
  const { shop, counts } = at;
  const { shift, drawerMinor } = openShift;
  const orders = [...new Map(changes.map(({ after }) => [after.id, after])).values()];
  counts.push({ shiftId: shift.id, hasLoose: looseMinor({ orders }, shop.stepMinor) !== 0 });
  await send(at, TURN, countDrawer(shop, shift.id, countOf(drawerMinor, shop.stepMinor)));
  if (!at.journal.zReports.has(shift.id))
    throw new Error(`The drawer with ${drawerMinor} could not be counted.`);
}
