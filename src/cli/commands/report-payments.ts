import { type PaymentsReport, SpanQuery } from '../../contract/reports.ts';
import { paymentsReport } from '../../core/reports/payments-report.ts';
import { paymentsCsv } from '../../core/reports/report-csv.ts';
import { summary, tableWithBars } from '../output/table.ts';
import { isSome, type Look, reportCommand } from '../report-command.ts';

export const reportPayments = reportCommand({
  name: 'report payments',
  summary: 'Show the money of a span of days by the way it was paid',
  example: 'smoocho report payments --shop KULF --from 2026-04-01 --to 2026-04-30',
  query: SpanQuery,
  report: paymentsReport,
  csv: paymentsCsv,
  show: (report, look) => {
    const owed = owedOf(report, look);
    if (report.methods.length === 0) return ['No money moved.', ...owed];
    return [summaryOf(report.totals, look), methodsOf(report, look), ...owed];
  },
});

const summaryOf = ({ taken, tips, refunds, returned, net }: PaymentsReport['totals'], { money }: Look) =>
  summary([
    ['Taken for bills', money(taken)],
    ['Tips', money(tips)],
    ['Refunds', money(refunds)],
    ...(isSome(returned) ? [['Payments given back', money(returned)] as const] : []),
    ['Net', money(net)],
  ]);

const methodsOf = ({ methods }: PaymentsReport, { money, count, columns }: Look) =>
  tableWithBars(
    methods,
    [
      { title: 'paid by', value: (row) => row.method },
      { title: 'payments', value: (row) => count(row.count), align: 'right' },
      { title: 'taken', value: (row) => money(row.taken), align: 'right' },
      { title: 'net', value: (row) => money(row.net), align: 'right' },
    ],
    (row) => row.net,
    columns,
  );

function owedOf({ unpaid: { count, due } }: PaymentsReport, look: Look): string[] {
  if (count === 0) return [];
  const bills = count === 1 ? '1 bill of these days is' : `${look.count(count)} bills of these days are`;
  return [`${bills} not wholly paid: ${look.money(due)} due.`];
}
