import type { ExportContext, ExportSource, Row } from './export-kinds.ts';
import { PAYMENTS, REFUND_PAYMENTS, VOIDED_PAYMENTS } from './sql/moved-money.ts';
import { readCursor } from './sql/read-cursor.ts';
import { REFUNDED_LINES, SOLD_LINES } from './sql/sold-lines.ts';
import { REFUNDS, SOLD_ORDERS } from './sql/sold-orders.ts';
import { zonedTime } from './zoned-time.ts';

/** Statements one after the other, each sorted by itself: all of them in one would be sorted as a whole before the first row. */
async function* rowsOf({ em, shop, span }: ExportContext, statements: string[]): AsyncGenerator<Row[]> {
  const parameters = [shop.id, span.from ?? '-infinity', span.to ?? 'infinity'];
  for (const statement of statements) {
    for await (const rows of readCursor<Row & { at: number }>(em, statement, parameters))
      yield rows.map((row) => ({ ...row, at: zonedTime(row.at, shop.timezone) }));
  }
}

export const sales: ExportSource = {
  columns: [
    ...['kind', 'orderNumber', 'refundOf', 'businessDate', 'at', 'status', 'orderType', 'tokenNumber'],
    ...['tableNumber', 'guests', 'customerName', 'itemQuantity', 'gross', 'discount', 'serviceCharge', 'tax'],
    ...['rounding', 'total', 'refunded', 'paymentMethod', 'paymentStatus', 'payLater', 'cashier', 'device'],
    ...['source', 'reason', 'notes', 'id'],
  ],
  batches: (context) => rowsOf(context, [SOLD_ORDERS, REFUNDS]),
};

/** `date` and `time` are the shop's clock, for `import sales`. */
async function* lineRows(context: ExportContext): AsyncGenerator<Row[]> {
  for await (const rows of rowsOf(context, [SOLD_LINES, REFUNDED_LINES])) {
    yield rows.map((row) => {
      const at = row.at as string;
      return { ...row, date: at.slice(0, 10), time: at.slice(11, 19) };
    });
  }
}

export const lines: ExportSource = {
  columns: [
    ...['kind', 'orderNumber', 'lineNo', 'businessDate', 'date', 'time', 'at', 'sku', 'product', 'variant'],
    ...[
      'category',
      'hsn',
      'quantity',
      'unitPrice',
      'gross',
      'discount',
      'serviceCharge',
      'taxPercent',
      'tax',
    ],
    ...['total', 'cost', 'returned', 'paymentMethod', 'orderType', 'customerName', 'id'],
  ],
  batches: lineRows,
};

export const payments: ExportSource = {
  columns: [
    ...['kind', 'orderNumber', 'creditNote', 'businessDate', 'at', 'method', 'amount', 'tip', 'tendered'],
    ...['change', 'rounding', 'reference', 'cashier', 'id'],
  ],
  batches: (context) => rowsOf(context, [PAYMENTS, VOIDED_PAYMENTS, REFUND_PAYMENTS]),
};
