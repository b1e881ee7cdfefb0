import type { SalesReport } from '../../contract/reports.ts';

const columns = ['key', 'orders', 'itemsSold', 'gross', 'discount', 'tax', 'refunds', 'total'] as const;

/** The groups as CSV (RFC 4180). */
export function reportCsv(report: SalesReport): string {
  const header = [report.groupBy, ...columns.slice(1)];
  const rows = report.groups.map((group) => columns.map((column) => String(group[column])));
  return [header, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

function csvField(value: string): string {
  // A spreadsheet runs a name that starts like a formula; figures may start with a minus.
  const safe = /^[=+@\t\r]/.test(value) || /^-(?![\d.]+$)/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
