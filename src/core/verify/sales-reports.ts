import { formatMinor } from '../../contract/money.ts';
import type { Grouping, SalesReport } from '../../contract/reports.ts';
import { salesReport } from '../reports/sales-report.ts';
import type { Check, Fault, VerifyContext } from './check.ts';
import { type BillSums, sumBills } from './sql/sum-bills.ts';

/** One grouping of each kind: by what bills have, by what payments have, by what lines have. */
const GROUPINGS = ['month', 'paymentMethod', 'category', 'product'] as const satisfies Grouping[];

const FIGURES = ['orders', 'itemsSold', 'gross', 'discount', 'tax', 'refunds', 'total'] as const;

/** Σ report = Σ orders less refunds, over all time and by several groupings. */
export const salesReports: Check = {
  name: 'sales-reports',
  holds: 'The sales report adds up to the bills, less refunds',
  counts: 'groupings',
  async look(context, shopId) {
    const bills = await sumBills(context.em, shopId);
    const faults: Fault[] = [];
    for (const groupBy of GROUPINGS) faults.push(...(await compare(context, shopId, groupBy, bills)));
    return { checked: GROUPINGS.length, wrong: new Set(faults.map(({ subject }) => subject)).size, faults };
  },
};

const minor = (amount: string) => Number(amount.replace('.', ''));

async function compare(
  context: VerifyContext,
  shopId: string,
  groupBy: Grouping,
  bills: BillSums,
): Promise<Fault[]> {
  const ever = { from: '0001-01-01', to: '9999-12-31', groupBy };
  const { totals, groups } = await salesReport(context, shopId, ever);
  const fault = (detail: string) => ({ subject: `Report by ${groupBy}`, detail });
  const differing = FIGURES.flatMap((figure) =>
    totals[figure] === bills[figure]
      ? []
      : [fault(`${figure}: it says ${totals[figure]}, the bills say ${bills[figure]}.`)],
  );
  const inGroups = sumOfGroups(groups);
  return inGroups === minor(totals.total)
    ? differing
    : [...differing, fault(`total: its groups add up to ${formatMinor(inGroups)}, it says ${totals.total}.`)];
}

const sumOfGroups = (groups: SalesReport['groups']) =>
  groups.reduce((sum, { total }) => sum + minor(total), 0);
