import { type ClosedShift, type ShiftsReport, SpanQuery } from '../../contract/reports.ts';
import { shiftsCsv } from '../../core/reports/report-csv.ts';
import { shiftsReport } from '../../core/reports/shifts-report.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import { summary, table } from '../output/table.ts';
import { type Look, reportCommand } from '../report-command.ts';

export const reportShifts = reportCommand({
  name: 'report shifts',
  summary: 'Show the shifts of a span of days and how their drawers were counted',
  example: 'smoocho report shifts --shop KULF --from 2026-04-01 --to 2026-04-30',
  query: SpanQuery,
  report: shiftsReport,
  csv: shiftsCsv,
  show: (report, look) =>
    report.shifts.length === 0
      ? ['No shift was closed.']
      : [summaryOf(report.totals, look), shiftsOf(report, look)],
});

const summaryOf = (
  { shifts, expected, counted, over, short, variance }: ShiftsReport['totals'],
  { money, count }: Look,
) =>
  summary([
    ['Shifts', count(shifts)],
    ['Expected', money(expected)],
    ['Counted', money(counted)],
    ['Over', money(over)],
    ['Short', money(short)],
    ['Difference', money(variance)],
  ]);

function shiftsOf({ shifts, timezone }: ShiftsReport, { money }: Look): string {
  const clock = (instant: string) => {
    const { date, time } = wallClock(new Date(instant), timezone);
    return `${date} ${time.slice(0, 5)}`;
  };
  return table<ClosedShift>(shifts, [
    { title: 'Z', value: (shift) => String(shift.zNumber), align: 'right' },
    { title: 'drawer', value: (shift) => shift.deviceId ?? 'main drawer' },
    { title: 'opened', value: (shift) => clock(shift.openedAt) },
    { title: 'closed', value: (shift) => clock(shift.closedAt) },
    { title: 'by', value: (shift) => shift.closedBy?.name ?? '' },
    { title: 'expected', value: (shift) => money(shift.expected), align: 'right' },
    { title: 'counted', value: (shift) => money(shift.counted), align: 'right' },
    { title: 'difference', value: (shift) => money(shift.variance), align: 'right' },
  ]);
}
