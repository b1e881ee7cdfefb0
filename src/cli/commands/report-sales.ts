import { groupings, type SalesReport, SalesReportQuery, type SalesTotals } from '../../contract/reports.ts';
import { salesCsv } from '../../core/reports/report-csv.ts';
import { salesReport } from '../../core/reports/sales-report.ts';
import { formatChange, thousandthsOf } from '../output/format.ts';
import { summary, table, tableWithBars } from '../output/table.ts';
import { isSome, type Look, reportCommand } from '../report-command.ts';

export const reportSales = reportCommand({
  name: 'report sales',
  summary: 'Show the sales of a span of days',
  options: [
    { flags: '--group-by <what>', description: `${groupings.join(', ')} (default: day)`, values: groupings },
    {
      flags: '--compare <with>',
      description: 'previous: the span of the same length just before',
      values: ['previous'],
    },
  ],
  example: 'smoocho report sales --shop PIZA --from 2015-01-01 --to 2015-12-31 --group-by category',
  query: SalesReportQuery,
  report: salesReport,
  csv: salesCsv,
  show: (report, look) => {
    const { previous, totals, groups } = report;
    if (groups.length === 0 && !previous?.totals.orders) return ['Nothing was sold.'];
    const figures = previous ? comparison(totals, previous, look) : summaryOf(totals, look);
    const parts = groups.length === 0 ? [figures] : [figures, groupsOf(report, look)];
    return [...parts, ...notesOf(report, look)];
  },
});

/** Warns of open orders and late offline orders: both change figures after their day has ended. */
function notesOf({ openDays, late }: SalesReport, { money, count }: Look): string[] {
  const notes = [
    ...(openDays.length > 0
      ? [`Orders are still open on ${openDays.join(', ')}. The figures of these days may change.`]
      : []),
    ...(late.orders > 0
      ? [
          `Offline orders that arrived after their day had ended: ${count(late.orders)}, ${money(late.total)} in all.`,
        ]
      : []),
  ];
  return notes.length > 0 ? [notes.join('\n')] : [];
}

type Previous = NonNullable<SalesReport['previous']>;

/** `figure` is decimal text, to be reckoned with; `text` is for people. Few shops have what is `rare`. */
type Figure = { name: string; figure: string; text: string; isRare?: boolean };

function figuresOf(totals: SalesTotals, { money, count, hasWeights }: Look): Figure[] {
  const counted = (name: string, value: number) => ({ name, figure: String(value), text: count(value) });
  const paid = (name: string, amount: string) => ({ name, figure: amount, text: money(amount) });
  return [
    counted('Orders', totals.orders),
    ...(hasWeights ? [] : [counted('Items sold', totals.itemsSold)]),
    counted('Days with a sale', totals.days),
    paid('Gross', totals.gross),
    paid('Discounts', totals.discount),
    { ...paid('Service charge', totals.serviceCharge), isRare: true },
    paid(taxName(totals), totals.tax),
    { ...paid('Rounding', totals.rounding), isRare: true },
    paid('Refunds', totals.refunds),
    paid('Average order', totals.averageOrder),
    paid('Total', totals.total),
  ];
}

/** Whoever adds the figures up wants to know whether the tax is in the prices already. */
function taxName({ gross, discount, serviceCharge, rounding, refunds, total, tax }: SalesTotals): string {
  const sum = (...amounts: string[]) => amounts.reduce((whole, amount) => whole + thousandthsOf(amount), 0n);
  const onTop = sum(total, refunds, discount) - sum(gross, serviceCharge, rounding);
  if (isSome(tax) && onTop === 0n) return 'Tax, in the prices';
  return isSome(tax) && onTop === thousandthsOf(tax) ? 'Tax, on top' : 'Tax';
}

const isShown = ({ isRare, figure }: Figure) => !isRare || isSome(figure);

const summaryOf = (totals: SalesTotals, look: Look) =>
  summary(
    figuresOf(totals, look)
      .filter(isShown)
      .map(({ name, text }) => [name, text]),
  );

function comparison(now: SalesTotals, { from, to, totals }: Previous, look: Look): string {
  const before = figuresOf(totals, look);
  const rows = figuresOf(now, look)
    .map((figure, index) => ({ ...figure, before: before[index] as Figure }))
    .filter((row) => isShown(row) || isShown(row.before));
  return table(rows, [
    { title: '', value: ({ name }) => name },
    { title: '', value: ({ text }) => text, align: 'right' },
    { title: from === to ? from : `${from} to ${to}`, value: (row) => row.before.text, align: 'right' },
    {
      title: 'change',
      value: ({ figure, before: was }) => formatChange(figure, was.figure),
      align: 'right',
    },
  ]);
}

const titles: Partial<Record<SalesReport['groupBy'], string>> = {
  paymentMethod: 'paid by',
  orderType: 'order type',
};

const itemsOf = (count: Look['count']) => (group: SalesReport['groups'][number]) => count(group.itemsSold);

/** A group of one kind of goods has one unit. */
const ofOneUnit = new Set<SalesReport['groupBy']>(['product', 'variant']);

const groupsOf = ({ groups, groupBy }: SalesReport, { money, count, columns, hasWeights }: Look) =>
  tableWithBars(
    groups,
    [
      { title: titles[groupBy] ?? groupBy, value: (group) => group.key },
      { title: 'orders', value: (group) => count(group.orders), align: 'right' },
      ...(hasWeights && !ofOneUnit.has(groupBy)
        ? []
        : [{ title: 'items', value: itemsOf(count), align: 'right' as const }]),
      { title: 'total', value: (group) => money(group.total), align: 'right' },
    ],
    (group) => group.total,
    columns,
  );
