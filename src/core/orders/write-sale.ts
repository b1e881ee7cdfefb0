import type { EntityManager } from '@mikro-orm/postgresql';
import type { Order as OrderView } from '../../contract/orders.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { violatedUnique } from '../../database/pg-errors.ts';
import type { Context } from '../context.ts';
import { hashPhone } from '../customers/sealed-contact.ts';
import { lockCustomers } from '../customers/sql/lock-customers.ts';
import { lockItems } from '../inventory/sql/lock-items.ts';
import { createQueues } from '../queue.ts';
import { retrying } from '../retrying.ts';
import { readOrder } from './find-orders.ts';
import { NEVER_ON_MENU, takenLineId, takenNumber, takenPaymentId } from './order-problems.ts';
import { isSameSale } from './sale-hash.ts';
import { insertGoods } from './sql/insert-goods.ts';
import { insertOrder, type NewOrderRow } from './sql/insert-order.ts';
import { loadForSale } from './sql/load-for-sale.ts';
import { viewOrder } from './view-order.ts';

/**
 * Sales of one shop all need its counter row. Waiting for it here keeps the database's connections free for everybody
 * else, and costs less than a crowd at the row's lock: 640 sales/s by one connection are 340 by sixteen.
 */
const sales = createQueues({
  atOnce: 1,
  // Some seconds' worth of the busiest shop.
  waiting: 2_000,
  busy: 'The shop sells faster than this machine can write. The till sends it again.',
});

export type Placed = { order: OrderView; isReplay: boolean };

/**
 * Writes a sale in its turn and tells of it; one that somebody wrote meanwhile is given back as it stands. Throws
 * `order_conflict`, `out_of_stock`, `too_busy`.
 */
export async function writeSale(context: Context, row: NewOrderRow): Promise<Placed> {
  const { app, em } = context;
  const { id, shopId } = row.draft;
  try {
    const order = await sales.run(shopId, () => retrying(() => insertWithGoods(context, row)));
    app.bus.tell({ kind: 'events', shopId });
    return { order, isReplay: false };
  } catch (error) {
    const taken = violatedUnique(error);
    const isNumberTaken = taken === 'orders_order_number_key';
    // The same order came twice at once, and the other one was first: to take its id, or its number, or the last of the stock.
    const isOutrun =
      taken === 'orders_pkey' || ((isNumberTaken || isShort(error)) && (await isPlaced(em, shopId, id)));
    if (isOutrun) return { order: await readSame(context, shopId, id, row.requestHash), isReplay: true };
    if (isNumberTaken && row.printedNumber !== null) throw takenNumber();
    if (taken === 'order_lines_pkey') throw takenLineId();
    if (taken === 'payments_pkey') throw takenPaymentId();
    throw error;
  }
}

/**
 * Writes several sales of a shop in one transaction: one wait for the disk instead of many. All of them or none: whatever
 * is wrong with one throws, and then each is to be written by itself.
 */
export async function writeSales(
  { app, em }: Context,
  shopId: string,
  rows: NewOrderRow[],
): Promise<OrderView[]> {
  const itemIds = new Set(rows.flatMap(({ stock }) => stock.map(({ itemId }) => itemId)));
  const phones = new Set(rows.flatMap(({ customerPhone }) => customerPhone ?? []));
  const phoneHashes = [...phones].map((phone) => hashPhone(app.keys, shopId, phone));
  const write = async (tx: EntityManager) => {
    await writeGoods(tx, shopId, rows);
    // The counter row is locked from the first sale on, and these come before it in the order of locks.
    await lockItems(tx, shopId, [...itemIds]);
    await lockCustomers(tx, shopId, phoneHashes);
    const orders: OrderView[] = [];
    for (const row of rows) orders.push(await insertOrder({ app, em: tx }, row));
    return orders;
  };
  const orders = await sales.run(shopId, () => retrying(() => em.transactional(write)));
  app.bus.tell({ kind: 'events', shopId });
  return orders;
}

/** One statement, unless the order has unknown goods: then a transaction that inserts their rows first. */
async function insertWithGoods({ app, em }: Context, row: NewOrderRow): Promise<OrderView> {
  if (!hasGoods(row)) return await insertOrder({ app, em }, row);
  return await em.transactional(async (tx) => {
    await writeGoods(tx, row.draft.shopId, [row]);
    return await insertOrder({ app, em: tx }, row);
  });
}

const hasGoods = ({ goods }: NewOrderRow) =>
  goods !== null && goods.products.length + goods.variants.length > 0;

/** Throws `unknown_product` for an id of another shop, as for one that does not exist. */
async function writeGoods(em: EntityManager, shopId: string, rows: NewOrderRow[]): Promise<void> {
  const lacking = rows.filter(hasGoods);
  if (lacking.length === 0) return;
  const goods = lacking.flatMap((row) => row.goods ?? []);
  const taken = await insertGoods(em, shopId, goods, (lacking[0] as NewOrderRow).at);
  if (taken.size > 0) throw neverOnMenu(lacking, taken);
}

function neverOnMenu(rows: NewOrderRow[], taken: ReadonlySet<string>): ProblemError {
  const errors = rows.flatMap(({ draft }) =>
    draft.items.flatMap(({ productId, variantId }, index) => {
      const field = taken.has(productId)
        ? 'productId'
        : variantId && taken.has(variantId)
          ? 'variantId'
          : null;
      return field ? [{ pointer: `/items/${index}/${field}`, detail: NEVER_ON_MENU }] : [];
    }),
  );
  return new ProblemError('unknown_product', { detail: NEVER_ON_MENU, errors });
}

const isShort = (error: unknown) => error instanceof ProblemError && error.code === 'out_of_stock';

const isPlaced = async (em: Context['em'], shopId: string, orderId: string) =>
  (await loadForSale(em, shopId, orderId, [])).earlier !== null;

/**
 * The order that is there already, if it is the one that was sent; once the standby has it, too. Throws `order_conflict`,
 * CommitWaitError.
 */
export async function readSame(
  { app, em }: Context,
  shopId: string,
  orderId: string,
  requestHash: string,
): Promise<OrderView> {
  const found = await readOrder(em, shopId, orderId).catch((error) => {
    // An id of another shop's order is answered as any id that is taken: it tells nothing about that shop.
    if (error instanceof ProblemError && error.code === 'not_found') return null;
    throw error;
  });
  if (!found || !isSameSale(app.keys, found.order.requestHash, requestHash)) throw takenOrderId();
  await app.standby.confirm(em);
  return viewOrder(found);
}

export const takenOrderId = () =>
  fieldProblem('order_conflict', '/id', 'belongs to another order; a new sale needs a new id');
