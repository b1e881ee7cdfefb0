import { formatMinor } from '../../contract/money.ts';
import type { ShiftReport } from '../../contract/shifts.ts';
import { unscale } from '../columns.ts';
import type { ShiftSums } from './sql/sum-shift.ts';

type Drawer = NonNullable<ShiftReport['drawer']>;
export type ReportFigures = Omit<ShiftReport, 'type' | 'at' | 'shift' | 'totals' | 'drawer' | 'auditHead'> & {
  totals: NonNullable<ShiftReport['totals']>;
  drawer: Drawer;
};

/** The figures of a shift's report, for its drawer as well as for the shop. `openingFloatMinor` is in minor units. */
export function figuresOf(openingFloatMinor: number, sums: ShiftSums): ReportFigures {
  const { total, ...sales } = sums.sales;
  return {
    totals: {
      ...sales,
      net: formatMinor(unscale(total) - unscale(sales.refunds)),
    },
    drawer: drawerOf(openingFloatMinor, sums),
    payments: sums.payments,
    voids: sums.voids,
    openBills: sums.openBills,
  };
}

/** A Z report as it was kept; those of earlier versions have no head. */
export const keptReport = (report: ShiftReport): ShiftReport => ({
  ...report,
  auditHead: report.auditHead ?? null,
});

/** What should lie in the drawer, and why. */
function drawerOf(openingFloatMinor: number, { payments, cash }: ShiftSums): Drawer {
  const none = { taken: '0.00', tips: '0.00', refunds: '0.00', returned: '0.00' };
  const { taken, tips, refunds, returned } = payments.find(({ method }) => method === 'cash') ?? none;
  const inMinor = [taken, tips, cash.paidIn].map(unscale);
  const outMinor = [refunds, returned, cash.paidOut].map(unscale);
  const sum = (amounts: number[]) => amounts.reduce((all, amount) => all + amount, 0);
  return {
    openingFloat: formatMinor(openingFloatMinor),
    sales: taken,
    tips,
    refunds,
    returned,
    ...cash,
    expected: formatMinor(openingFloatMinor + sum(inMinor) - sum(outMinor)),
  };
}
