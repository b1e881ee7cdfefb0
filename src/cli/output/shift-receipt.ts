import { formatMinor, parseMinor } from '../../contract/money.ts';
import type { ShiftReport } from '../../contract/shifts.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import { formatCount, formatMoney } from './format.ts';
import { inLine } from './in-line.ts';
import { table } from './table.ts';

type Shop = { name: string; currency: string; timezone: string };
type Line = [label: string, figure: string];

type Knowledge = {
  /** Who is who, by id. */
  names: Map<string, string>;
  /** Whether the shop sells something by weight: pieces and kilos are no sum. */
  hasWeights: boolean;
};

/** An X or Z report as it is printed: labels on the left, figures on the right. */
export function shiftReceipt(report: ShiftReport, shop: Shop, { names, hasWeights }: Knowledge): string {
  const { shift } = report;
  const money = (amount: string) => formatMoney(amount, shop.currency);
  const count = (value: number) => formatCount(value, shop.currency);
  const at = (time: string, by: string | null) => {
    const wall = wallClock(new Date(time), shop.timezone);
    return `${wall.date} ${wall.time.slice(0, 5)}${by === null ? '' : `, ${names.get(by) ?? by}`}`;
  };
  const times: Line[] = [
    ['Drawer', shift.deviceId ?? 'main drawer'],
    ['Opened', at(shift.openedAt, shift.openedBy)],
    shift.closedAt ? ['Closed', at(shift.closedAt, shift.closedBy)] : ['Open at', at(report.at, null)],
  ];
  const sections = [
    times,
    salesOf(report, money, count, hasWeights),
    paymentsOf(report, money, count),
    drawerOf(report, money),
    countedOf(report, money, count),
    restOf(report, money, count),
  ].filter((lines) => lines.length > 0);
  const rows = sections.flatMap((lines) => [['', ''] as Line, ...lines]).slice(1);
  const body = table(rows, [
    { title: '', value: ([label]) => label },
    { title: '', value: ([, figure]) => figure, align: 'right' },
  ]);
  const head = report.auditHead === null ? '' : `\n\n${headLines(report.auditHead)}`;
  const title = report.type === 'Z' ? `Z report ${shift.zNumber}` : 'X report';
  const note = shift.note === '' ? '' : `\n\n${inLine(shift.note)}`;
  return `${inLine(shop.name)}\n${title} · ${shift.businessDate} · ${shop.currency}\n${body}${note}${head}`;
}

/** Narrow enough for the paper; `smoocho audit verify --head` takes it with the line breaks, or without the last line. */
function headLines(auditHead: string): string {
  const [sealNo, hash = ''] = auditHead.split(':');
  return `Audit head\n${sealNo}:${hash.slice(0, 32)}\n${hash.slice(32)}`;
}

type Money = (amount: string) => string;
type Count = (value: number) => string;

const ZERO = '0.00';
/** Takes an amount off: with the sign that it has in the sum. */
const minus = (amount: string) => (amount === ZERO ? amount : `-${amount}`);
/** What came to nothing is left out of the paper. */
const unlessZero = (label: string, amount: string, money: Money): Line[] =>
  amount === ZERO ? [] : [[label, money(amount)]];

function salesOf({ totals }: ShiftReport, money: Money, count: Count, hasWeights: boolean): Line[] {
  if (!totals) return [];
  return [
    ['Bills', count(totals.orders)],
    ...(hasWeights ? [] : [['Items sold', count(totals.itemsSold)] as Line]),
    ['Gross', money(totals.gross)],
    ...unlessZero('Discounts', minus(totals.discount), money),
    ...unlessZero('Service charge', totals.serviceCharge, money),
    ...unlessZero('Tax', totals.tax, money),
    ...unlessZero('Rounding', totals.rounding, money),
    ...unlessZero('Refunds', minus(totals.refunds), money),
    ['Net', money(totals.net)],
  ];
}

const methodNames: Record<ShiftReport['payments'][number]['method'], string> = {
  cash: 'Cash',
  card: 'Card',
  upi: 'UPI',
  wallet: 'Wallet',
  other: 'Other',
};

function paymentsOf({ payments }: ShiftReport, money: Money, count: Count): Line[] {
  return payments.flatMap(({ method, count: times, taken, tips, refunds, returned }) => [
    [`${methodNames[method]} (${count(times)})`, money(taken)] as Line,
    ...unlessZero('  tips', tips, money),
    ...unlessZero('  refunds', minus(refunds), money),
    ...unlessZero('  payments given back', minus(returned), money),
  ]);
}

function drawerOf({ drawer }: ShiftReport, money: Money): Line[] {
  if (!drawer) return [];
  return [
    ['Float', money(drawer.openingFloat)],
    ['Cash sales', money(drawer.sales)],
    ...unlessZero('Cash tips', drawer.tips, money),
    ...unlessZero('Cash refunds', minus(drawer.refunds), money),
    ...unlessZero('Payments given back', minus(drawer.returned), money),
    ...unlessZero('Paid in', drawer.paidIn, money),
    ...unlessZero('Paid out', minus(drawer.paidOut), money),
    ['Should be there', money(drawer.expected)],
  ];
}

function countedOf({ shift }: ShiftReport, money: Money, count: Count): Line[] {
  if (shift.counted === null || shift.variance === null) return [];
  return [
    ...(shift.denominations ?? []).map(({ value, count: pieces }): Line => {
      const worth = formatMinor((parseMinor(value) as number) * pieces);
      return [`${money(value)} × ${count(pieces)}`, money(worth)];
    }),
    ['Counted', money(shift.counted)],
    ['Difference', money(shift.variance)],
  ];
}

function restOf({ voids, openBills }: ShiftReport, money: Money, count: Count): Line[] {
  return [
    ['Voided bills', count(voids.bills)],
    ['Voided lines', count(voids.lines)],
    ['Voids came to', money(voids.amount)],
    ['Open bills', count(openBills.count)],
    ['Due on them', money(openBills.due)],
  ];
}
