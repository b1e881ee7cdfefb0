import { lineGroupings, type MarginsReport, MarginsReportQuery } from '../../contract/reports.ts';
import { marginsReport } from '../../core/reports/margins-report.ts';
import { marginsCsv } from '../../core/reports/report-csv.ts';
import { summary, tableWithBars } from '../output/table.ts';
import { isSome, type Look, reportCommand } from '../report-command.ts';

export const reportMargins = reportCommand({
  name: 'report margins',
  summary: 'Show what goods brought in and what they cost',
  options: [
    {
      flags: '--group-by <what>',
      description: `${lineGroupings.join(', ')} (default: product)`,
      values: lineGroupings,
    },
  ],
  example: 'smoocho report margins --shop KULF --from 2026-04-01 --to 2026-04-30 --group-by category',
  query: MarginsReportQuery,
  report: marginsReport,
  csv: marginsCsv,
  show: (report, look) =>
    report.groups.length === 0
      ? ['Nothing was sold.']
      : [summaryOf(report.totals, look), groupsOf(report, look), ...unknownOf(report, look)],
});

const percent = (marginPercent: string | null) => (marginPercent === null ? '–' : `${marginPercent}%`);

const summaryOf = (
  { revenue, revenueWithoutCost, cost, margin, marginPercent }: MarginsReport['totals'],
  { money }: Look,
) =>
  summary([
    ['Revenue without tax', money(revenue)],
    ...(isSome(revenueWithoutCost) ? [['of unknown cost', money(revenueWithoutCost)] as const] : []),
    ['Cost of goods', money(cost)],
    ['Margin', money(margin)],
    ['in per cent', percent(marginPercent)],
  ]);

const itemsOf = (count: Look['count']) => (group: MarginsReport['groups'][number]) => count(group.itemsSold);

const groupsOf = ({ groups, groupBy }: MarginsReport, { money, count, columns, hasWeights }: Look) =>
  tableWithBars(
    groups,
    [
      { title: groupBy, value: (group) => group.key },
      // A category may have kilos and pieces.
      ...(hasWeights && groupBy === 'category'
        ? []
        : [{ title: 'items', value: itemsOf(count), align: 'right' as const }]),
      { title: 'revenue', value: (group) => money(group.revenue), align: 'right' },
      { title: 'cost', value: (group) => money(group.cost), align: 'right' },
      { title: 'margin', value: (group) => money(group.margin), align: 'right' },
      { title: '', value: (group) => percent(group.marginPercent), align: 'right' },
    ],
    (group) => group.margin,
    columns,
  );

function unknownOf({ totals: { revenueWithoutCost } }: MarginsReport, { money }: Look): string[] {
  if (!isSome(revenueWithoutCost)) return [];
  return [`${money(revenueWithoutCost)} came from goods without a recipe. It is not in the margin.`];
}
