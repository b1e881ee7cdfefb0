import { formatMinor } from '../../contract/money.ts';
import { countedMinor, ShiftClose, type ShiftReport } from '../../contract/shifts.ts';
import { formatHead } from '../audit/seal.ts';
import { lastSeal } from '../audit/sql/seals.ts';
import { unscale } from '../columns.ts';
import { type Context, personOf } from '../context.ts';
import { requestHashOf } from '../request-hash.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { transact } from '../transact.ts';
import { findShift } from './find-shifts.ts';
import { figuresOf, keptReport } from './make-report.ts';
import { requireDrawer } from './require-drawer.ts';
import { closedProblem } from './shift-problems.ts';
import { nextZNumber } from './sql/next-z-number.ts';
import { sumShift } from './sql/sum-shift.ts';
import { viewShift } from './view-shift.ts';

/**
 * Counts the drawer and closes its shift, whatever is in it: bills that are still parked carry over. Gives the Z report,
 * which is kept as it is. The same count again gives the same report. Throws `not_found`, `shift_closed`.
 */
export async function closeShift(
  context: Context,
  shopId: string,
  shiftId: string,
  body: ShiftClose,
): Promise<ShiftReport> {
  return await transact(context, async (tx) => {
    // A sale holds the row too, for share, until it is written: locked first, nothing slips in behind the sums.
    const { shift, movements } = await findShift(tx.em, shopId, shiftId, true);
    await requireDrawer(tx, shopId, shift.deviceId ?? null);
    const closeHash = requestHashOf(body);
    if (shift.report && shift.closeHash === closeHash) return keptReport(shift.report);
    if (shift.closedAt) throw closedProblem(shift);
    await requireWholeInShop(tx.em, shopId, ShiftClose, body);
    const before = viewShift({ shift, movements });

    const figures = figuresOf(shift.openingFloatMinor, await sumShift(tx.em, shopId, shiftId));
    shift.closedBy = personOf(tx.actor);
    shift.closedAt = tx.app.now();
    shift.denominations = body.denominations.map(({ value, count }) => ({
      value: formatMinor(value),
      count,
    }));
    shift.expectedMinor = unscale(figures.drawer.expected);
    shift.countedMinor = countedMinor(body.denominations);
    shift.varianceMinor = shift.countedMinor - shift.expectedMinor;
    shift.note = body.note;
    shift.closeHash = closeHash;
    const lastSealed = await lastSeal(tx.em, shopId);
    const auditHead = lastSealed && formatHead(lastSealed);
    // The shop's counter row is everybody's: taken as late as can be.
    shift.zNumber = await nextZNumber(tx.em, shopId);
    const view = viewShift({ shift, movements });
    shift.report = { type: 'Z', at: shift.closedAt.toISOString(), shift: view, ...figures, auditHead };
    await tx.em.flush();
    tx.record({ shopId, type: 'shift_updated', data: view, before });
    return shift.report;
  });
}
