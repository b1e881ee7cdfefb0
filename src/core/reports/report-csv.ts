import type {
  ClosedShift,
  InventoryReport,
  MarginsReport,
  PaymentsReport,
  SalesReport,
  Seller,
  SellersReport,
  ShiftsReport,
  StaffReport,
  TaxedGoods,
  TaxRate,
  TaxReport,
} from '../../contract/reports.ts';
import { type CsvColumn, csv, fields } from './csv.ts';

/** Reports as CSV: one table of columns each. Where a report has two lists, `list` says which one a row is of. */

export const salesCsv = ({ groupBy, groups }: SalesReport): string =>
  csv(groups, [
    [groupBy, (group) => group.key],
    ...fields('orders', 'itemsSold', 'gross', 'discount', 'serviceCharge', 'tax', 'rounding', 'refunds'),
    ...fields('total'),
  ]);

type TaxRow = Partial<TaxRate> & Partial<TaxedGoods> & Pick<TaxRate, 'percent'> & { list: 'rate' | 'hsn' };
const TAX: CsvColumn<TaxRow>[] = [
  ['list', (row) => row.list],
  ['taxSplit', (row) => row.taxSplit ?? null],
  ['percent', (row) => row.percent],
  ['hsn', (row) => row.hsn ?? null],
  ['quantity', (row) => row.quantity ?? null],
  ['taxable', (row) => row.taxable ?? null],
  ['cgst', (row) => row.cgst ?? null],
  ['sgst', (row) => row.sgst ?? null],
  ['igst', (row) => row.igst ?? null],
  ['otherTax', (row) => row.otherTax ?? null],
  ['tax', (row) => row.tax ?? null],
  ['soldTaxable', (row) => row.sold?.taxable ?? null],
  ['soldTax', (row) => row.sold?.tax ?? null],
  ['refundedTaxable', (row) => row.refunded?.taxable ?? null],
  ['refundedTax', (row) => row.refunded?.tax ?? null],
];
export const taxCsv = ({ rates, hsn }: TaxReport): string =>
  csv(
    [
      ...rates.map((row): TaxRow => ({ list: 'rate', ...row })),
      ...hsn.map((row): TaxRow => ({ list: 'hsn', ...row })),
    ],
    TAX,
  );

export const paymentsCsv = ({ methods }: PaymentsReport): string =>
  csv(methods, fields('method', 'count', 'taken', 'tips', 'refunds', 'returned', 'net'));

const SHIFTS: CsvColumn<ClosedShift>[] = [
  ...fields('zNumber', 'deviceId', 'businessDate', 'openedAt'),
  ['openedBy', (shift) => shift.openedBy?.name ?? null],
  ...fields('closedAt'),
  ['closedBy', (shift) => shift.closedBy?.name ?? null],
  ...fields('expected', 'counted', 'variance'),
];
export const shiftsCsv = ({ shifts }: ShiftsReport): string => csv(shifts, SHIFTS);

export const inventoryCsv = ({ items }: InventoryReport): string =>
  csv(items, [
    ...fields('name', 'unit', 'quantity', 'cost', 'value', 'isLow', 'opened', 'sold', 'purchased', 'wasted'),
    ...fields('corrected', 'counted', 'usageCost', 'wasteCost'),
  ]);

export const marginsCsv = ({ groupBy, groups }: MarginsReport): string =>
  csv(groups, [
    [groupBy, (group) => group.key],
    ...fields('itemsSold', 'revenue', 'revenueWithoutCost', 'cost', 'margin', 'marginPercent'),
  ]);

export const staffCsv = ({ staff }: StaffReport): string =>
  csv(staff, [
    ['cashier', (member) => member.key],
    ...fields('orders', 'total', 'discount', 'discountedOrders'),
    ['voidedLines', (member) => member.voidedLines.count],
    ['voidedLinesAmount', (member) => member.voidedLines.amount],
    ['voidedOrders', (member) => member.voidedOrders.count],
    ['voidedOrdersAmount', (member) => member.voidedOrders.amount],
    ['refunds', (member) => member.refunds.count],
    ['refundsAmount', (member) => member.refunds.amount],
  ]);

type ListedSeller = Seller & { list: 'best' | 'worst' };
export const sellersCsv = ({ best, worst }: SellersReport): string =>
  csv(
    [
      ...best.map((seller): ListedSeller => ({ list: 'best', ...seller })),
      ...worst.map((seller): ListedSeller => ({ list: 'worst', ...seller })),
    ],
    fields('list', 'name', 'category', 'quantity', 'total'),
  );
