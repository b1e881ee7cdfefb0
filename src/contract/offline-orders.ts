import { z } from 'zod';
import { isPaidOneWay, NewLine, NewOrder, Order, PAID_TWO_WAYS } from './orders.ts';
import { Amount, Id, limits, note, Percentage, Timestamp, text } from './primitives.ts';
import { HsnCode } from './products.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { SoldBy } from './sold-by.ts';

/**
 * The till's data of a line's goods. Used only after a restore, for goods added to the menu after the backup was made; the
 * menu's data has precedence.
 */
const SoldGoods = z.strictObject({
  name: text(255),
  variantName: text(100).nullish(),
  category: text(100).nullish(),
  sku: text(64).nullish(),
  hsn: HsnCode.nullish(),
  soldBy: SoldBy.nullish(),
  unit: text(16).nullish(),
  taxClass: text(32).nullish(),
  /** The rate charged, because the tax class may be unknown too. */
  taxPercent: Percentage.optional(),
  modifiers: z
    .array(z.strictObject({ id: Id, name: text(100), price: Amount }))
    .max(limits.modifiers)
    .optional(),
});
export type SoldGoods = z.output<typeof SoldGoods>;

/**
 * The server's response to an order, kept by the till in case the server is restored from an older backup. Used only after a
 * restore.
 */
const AnsweredSale = z.strictObject({
  total: Amount,
  /** The seller, and the device. */
  cashier: z.strictObject({ id: Id, name: note(255) }).nullish(),
  device: z.strictObject({ id: text(100), name: note(100) }).nullish(),
});
export type AnsweredSale = z.output<typeof AnsweredSale>;

const OfflineLine = z.strictObject({
  ...NewLine.shape,
  /** What the till's menu said, for one unit without modifiers: the bill keeps it, whatever the menu says by now. */
  listPrice: Amount.optional(),
  goods: SoldGoods.optional(),
});

/** A manager's password is not for keeping on a till: what would need an approval is taken without, and flagged. */
const { approval: _, ...sale } = NewOrder.shape;

/**
 * A sale that a till made while it could not reach the server: what it would have sent, and what only it can know. It is
 * taken as it was printed; what differs by now (prices, stock, totals) is flagged.
 */
export const OfflineOrder = z
  .strictObject({
    ...sale,
    items: z.array(OfflineLine).min(1).max(limits.orderLines),
    /** When it was sold, by the till's own clock. */
    placedAt: Timestamp,
    /**
     * Its printed number: from one of the device's number blocks or, in a restored shop, a series from before. Without one it
     * gets the shop's next number.
     */
    orderNumber: text(16).optional(),
    answered: AnsweredSale.optional(),
  })
  .refine(isPaidOneWay, PAID_TWO_WAYS);
export type OfflineOrder = z.output<typeof OfflineOrder>;
/** As a till writes it: amounts and quantities as text or numbers. */
export type OfflineOrderInput = z.input<typeof OfflineOrder>;

const ReplayedProblem = z.looseObject({ type: z.string(), title: z.string(), status: z.int() });

export const ReplayedOrder = z.discriminatedUnion('result', [
  /** It is on the books now. */
  z.strictObject({ id: Id, result: z.literal('created'), order: Order }),
  /** It was there already. */
  z.strictObject({ id: Id, result: z.literal('same'), order: Order }),
  /** It can't be taken as it is; `problem` says why. Nothing of it was kept. */
  z.strictObject({ id: Id, result: z.literal('conflict'), problem: ReplayedProblem }),
  /** It was not looked at, for the server is busy or something went wrong: send it again. */
  z.strictObject({ id: Id, result: z.literal('retry'), problem: ReplayedProblem }),
]);
export type ReplayedOrder = z.output<typeof ReplayedOrder>;

export const replayOrders = defineRoute({
  name: 'replayOrders',
  summary: 'Sales that were made offline, in any order; each is answered by itself, in the order sent',
  method: 'post',
  path: '/api/shops/:shopId/orders/batch',
  permission: 'cashier',
  repeat: 'id',
  params: shopParams,
  /** Each is an OfflineOrder; one that is not is answered so by itself, and the others are taken. */
  body: z.strictObject({
    orders: z
      .array(z.looseObject({ id: Id }))
      .min(1)
      .max(limits.batchOrders),
  }),
  maxBodyBytes: limits.batchBytes,
  checkedOneByOne: 'orders',
  responses: { 200: z.strictObject({ data: z.array(ReplayedOrder) }) },
  problems: ['not_found', 'too_busy'],
});
