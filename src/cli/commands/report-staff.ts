import { SpanQuery, type StaffReport } from '../../contract/reports.ts';
import { staffCsv } from '../../core/reports/report-csv.ts';
import { staffReport } from '../../core/reports/staff-report.ts';
import { tableWithBars } from '../output/table.ts';
import { type Look, reportCommand } from '../report-command.ts';

export const reportStaff = reportCommand({
  name: 'report staff',
  summary: 'Show what each of the staff sold, took off and gave back',
  example: 'smoocho report staff --shop KULF --from 2026-04-01 --to 2026-04-30',
  query: SpanQuery,
  report: staffReport,
  csv: staffCsv,
  show: (report, look) =>
    report.staff.length === 0 ? ['Nobody sold, took off or gave back anything.'] : [staffOf(report, look)],
});

type Tally = StaffReport['totals']['refunds'];

function staffOf({ staff }: StaffReport, { money, count, columns }: Look): string {
  const tally = (tallied: Tally) =>
    tallied.count === 0 ? '–' : `${count(tallied.count)} · ${money(tallied.amount)}`;
  return tableWithBars(
    staff,
    [
      { title: 'who', value: (member) => member.key },
      { title: 'orders', value: (member) => count(member.orders), align: 'right' },
      {
        title: 'discounts',
        value: ({ discountedOrders, discount }) => tally({ count: discountedOrders, amount: discount }),
        align: 'right',
      },
      { title: 'lines off', value: (member) => tally(member.voidedLines), align: 'right' },
      { title: 'bills voided', value: (member) => tally(member.voidedOrders), align: 'right' },
      { title: 'refunds', value: (member) => tally(member.refunds), align: 'right' },
      { title: 'total', value: (member) => money(member.total), align: 'right' },
    ],
    (member) => member.total,
    columns,
  );
}
