import { SpanQuery, type TaxReport } from '../../contract/reports.ts';
import { taxCsv } from '../../core/reports/report-csv.ts';
import { taxReport } from '../../core/reports/tax-report.ts';
import { type Column, summary, table, tableWithBars } from '../output/table.ts';
import { isSome, type Look, reportCommand } from '../report-command.ts';

export const reportTax = reportCommand({
  name: 'report tax',
  summary: 'Show the tax of a span of days by rate and by HSN code',
  example: 'smoocho report tax --shop KULF --from 2026-04-01 --to 2026-04-30',
  query: SpanQuery,
  report: taxReport,
  csv: taxCsv,
  show: (report, look) => {
    if (report.rates.length === 0) return ['Nothing was sold.'];
    const hasCodes = report.hsn.some(({ hsn }) => hsn !== null);
    const parts = [summaryOf(report.totals, look), ratesOf(report, look)];
    return hasCodes ? [...parts, goodsOf(report, look)] : parts;
  },
});

const summaryOf = ({ taxable, cgst, sgst, igst, otherTax, tax }: TaxReport['totals'], { money }: Look) =>
  summary([
    ['Taxable', money(taxable)],
    ...[
      ['CGST', cgst] as const,
      ['SGST', sgst] as const,
      ['IGST', igst] as const,
      ['Other tax', otherTax] as const,
    ]
      .filter(([, amount]) => isSome(amount))
      .map(([name, amount]) => [name, money(amount)] as const),
    ['Tax', money(tax)],
  ]);

const splitNames: Record<TaxReport['rates'][number]['taxSplit'], string> = {
  none: 'tax',
  gst: 'CGST + SGST',
  igst: 'IGST',
};

const ratesOf = ({ rates }: TaxReport, { money, columns }: Look) =>
  tableWithBars(
    rates,
    [
      { title: '', value: (row) => (row.percent === '0' ? 'untaxed' : splitNames[row.taxSplit]) },
      { title: 'rate', value: (row) => `${row.percent}%`, align: 'right' },
      { title: 'taxable', value: (row) => money(row.taxable), align: 'right' },
      { title: 'tax sold', value: (row) => money(row.sold.tax), align: 'right' },
      { title: 'tax refunded', value: (row) => money(row.refunded.tax), align: 'right' },
      { title: 'tax', value: (row) => money(row.tax), align: 'right' },
    ],
    (row) => row.tax,
    columns,
  );

function goodsOf({ hsn, totals }: TaxReport, { money, count }: Look): string {
  const taxes = (['cgst', 'sgst', 'igst', 'otherTax'] as const).filter((name) => isSome(totals[name]));
  const columns: Column<TaxReport['hsn'][number]>[] = [
    { title: 'HSN', value: (row) => row.hsn ?? '(none)' },
    { title: 'rate', value: (row) => `${row.percent}%`, align: 'right' },
    { title: 'quantity', value: (row) => count(row.quantity), align: 'right' },
    { title: 'taxable', value: (row) => money(row.taxable), align: 'right' },
    ...taxes.map((name) => ({
      title: name === 'otherTax' ? 'other' : name.toUpperCase(),
      value: (row: TaxReport['hsn'][number]) => money(row[name]),
      align: 'right' as const,
    })),
    { title: 'tax', value: (row) => money(row.tax), align: 'right' },
  ];
  return table(hsn, columns);
}
