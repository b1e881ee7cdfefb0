import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { NewShift, type Shift as ShiftView } from '../../contract/shifts.ts';
import { violatedUnique } from '../../database/pg-errors.ts';
import { type Context, deviceOf, personOf } from '../context.ts';
import { requestHashOf } from '../request-hash.ts';
import { businessDateAt, wallClock } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { transact } from '../transact.ts';
import { User } from '../users/user.entity.ts';
import { findOpenShift, findShift } from './find-shifts.ts';
import { requireDrawer } from './require-drawer.ts';
import { Shift } from './shift.entity.ts';
import { takenShiftId } from './shift-problems.ts';
import { viewShift } from './view-shift.ts';

type Saved = { shift: ShiftView; isReplay: boolean };

/**
 * Opens a drawer: the one that the body names, or else that of the device somebody is signed in on, or else the main
 * one. The same id and body again give the same shift. Throws `shift_open`, `shift_conflict`, `not_found`.
 */
export async function openShift(context: Context, shopId: string, body: NewShift): Promise<Saved> {
  const deviceId = body.deviceId === undefined ? deviceOf(context.actor) : body.deviceId;
  try {
    const shift = await transact(context, async (tx) => {
      await requireDrawer(tx, shopId, deviceId);
      await requireWholeInShop(tx.em, shopId, NewShift, body);
      const openedAt = tx.app.now();
      const opened = tx.em.create(Shift, {
        id: body.id,
        shopId,
        deviceId,
        openedBy: personOf(tx.actor),
        openedAt,
        businessDate: businessDateAt(openedAt, await findShop(tx.em, shopId)),
        openingFloatMinor: body.openingFloat,
        note: '',
        requestHash: requestHashOf(body),
      });
      await tx.em.persist(opened).flush();
      const view = viewShift({ shift: opened, movements: [] });
      tx.record({ shopId, type: 'shift_updated', data: view });
      return view;
    });
    return { shift, isReplay: false };
  } catch (error) {
    const violated = violatedUnique(error);
    if (violated !== 'shifts_pkey' && violated !== 'shifts_open_key') throw error;
    return await replayOrRefuse({ app: context.app, em: context.em.fork() }, shopId, deviceId, body);
  }
}

/** The shift that is there already, if it is the one that was sent and the standby has it; else what stands in its way. */
async function replayOrRefuse(
  { app, em }: Pick<Context, 'app' | 'em'>,
  shopId: string,
  deviceId: string | null,
  body: NewShift,
): Promise<Saved> {
  const taken = await em.findOne(Shift, body.id);
  if (taken?.shopId === shopId && taken.requestHash === requestHashOf(body)) {
    await app.standby.confirm(em);
    return { shift: viewShift(await findShift(em, shopId, taken.id)), isReplay: true };
  }
  if (taken) throw takenShiftId();
  const open = await findOpenShift(em, shopId, deviceId);
  const since = open ? ` ${await sinceWhen(em, open.shift)}` : '';
  throw new ProblemError('shift_open', {
    detail: `This drawer is open already${since}. Count it and close that shift first.`,
    errors: [{ pointer: '/deviceId', detail: 'is a drawer that is open' }],
    extra: open ? { shift: viewShift(open) } : {},
  });
}

/** `since 2026-04-01 09:30, by Asha`, by the shop's own clock. */
async function sinceWhen(em: EntityManager, { shopId, openedAt, openedBy }: Shift): Promise<string> {
  const { timezone } = await findShop(em, shopId);
  const { date, time } = wallClock(openedAt, timezone);
  const opener = openedBy ? await em.findOne(User, openedBy) : null;
  return `since ${date} ${time.slice(0, 5)}${opener ? `, by ${opener.name}` : ''}`;
}
