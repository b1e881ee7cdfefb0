import type { ShiftReport } from '../../contract/shifts.ts';
import type { Context } from '../context.ts';
import { findShift } from './find-shifts.ts';
import { isBlind } from './is-blind.ts';
import { figuresOf, keptReport } from './make-report.ts';
import { sumShift } from './sql/sum-shift.ts';
import { viewShift } from './view-shift.ts';

/** The Z report of a closed shift as it was, or how an open one stands now. Throws `not_found`. */
export async function shiftReport(
  context: Context,
  shopId: string,
  which: string | { zNumber: number },
): Promise<ShiftReport> {
  const { em, app } = context;
  const parts = await findShift(em, shopId, which);
  if (parts.shift.report) return keptReport(parts.shift.report);
  const { id, openingFloatMinor } = parts.shift;
  const figures = figuresOf(openingFloatMinor, await sumShift(em, shopId, id));
  const report: ShiftReport = {
    type: 'X',
    at: app.now().toISOString(),
    shift: viewShift(parts),
    ...figures,
    auditHead: null,
  };
  return (await isBlind(context, shopId)) ? withoutCash(report) : report;
}

/** Without the figures from which the cash could be worked out. */
const withoutCash = (report: ShiftReport): ShiftReport => ({
  ...report,
  totals: null,
  drawer: null,
  payments: report.payments.filter(({ method }) => method !== 'cash'),
});
