import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { OrderStatus, Order as OrderView, PaymentStatus } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { inSnapshot } from '../in-snapshot.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { Payment } from '../payments/payment.entity.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { Order } from './order.entity.ts';
import type { OrderParts } from './order-parts.ts';
import { refundsOfOrders } from './sql/refunds-of-orders.ts';
import { viewOrder } from './view-order.ts';

/** An order with its payments and refunds as they were at one moment. Throws `not_found`. */
export const readOrder = (em: EntityManager, shopId: string, orderId: string): Promise<OrderParts> =>
  inSnapshot(em, (snapshot) => findOrder(snapshot, shopId, orderId));

/**
 * An order with its payments and refunds, oldest first. With `lock`, in a transaction, nobody else changes it until the
 * commit; without one, or that, its parts may be of different moments: use `readOrder`. Throws `not_found`.
 */
export async function findOrder(
  em: EntityManager,
  shopId: string,
  orderId: string,
  lock = false,
): Promise<OrderParts> {
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {};
  const order = await em.findOne(Order, { id: orderId, shopId }, options);
  if (!order) throw new ProblemError('not_found', { detail: 'There is no such order.' });
  const payments = await em.find(Payment, { shopId, orderId }, { orderBy: { at: 'asc', id: 'asc' } });
  const refunds = await refundsOfOrders(em, shopId, [orderId]);
  const settings = settingsOf(await findShop(em, shopId));
  return { order, payments, refunds: refunds.get(orderId) ?? [], settings };
}

/** Orders by their ids, with payments and refunds, as they were at one moment; ids of none are left out. */
export const readOrders = (
  em: EntityManager,
  shopId: string,
  orderIds: string[],
): Promise<Map<string, OrderParts>> => inSnapshot(em, (snapshot) => findOrders(snapshot, shopId, orderIds));

async function findOrders(
  em: EntityManager,
  shopId: string,
  orderIds: string[],
): Promise<Map<string, OrderParts>> {
  const orders = await em.find(Order, { shopId, id: { $in: orderIds } });
  const of = { shopId, orderId: { $in: orderIds } };
  const payments = await em.find(Payment, of, { orderBy: { at: 'asc', id: 'asc' } });
  const paid = Map.groupBy(payments, ({ orderId }) => orderId);
  const refunds = await refundsOfOrders(em, shopId, orderIds);
  const settings = settingsOf(await findShop(em, shopId));
  return new Map(
    orders.map((order) => {
      const { id } = order;
      return [id, { order, payments: paid.get(id) ?? [], refunds: refunds.get(id) ?? [], settings }];
    }),
  );
}

type ListFilter = {
  limit: number;
  cursor?: string | undefined;
  status?: OrderStatus | undefined;
  from?: string | undefined;
  to?: string | undefined;
  orderNumber?: string | undefined;
  paymentStatus?: PaymentStatus | undefined;
  customerId?: string | undefined;
  tableNumber?: string | undefined;
  flagged?: boolean | undefined;
};

const IS_FLAGGED = "flags <> '[]' AND reviewed_at IS NULL";

const listIds = (more: string) => `
  SELECT id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM orders
  WHERE shop_id = $1
    AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
    AND ($4::text IS NULL OR status = $4)
    AND ($5::date IS NULL OR business_date >= $5)
    AND ($6::date IS NULL OR business_date <= $6)
    AND ($7::text IS NULL OR order_number = $7)
    AND ($8::text IS NULL OR payment_status = $8)
    AND ($9::uuid IS NULL OR customer_id = $9)
    AND ($10::text IS NULL OR table_number = $10)
    ${more}
  ORDER BY created_at DESC, id DESC LIMIT $11`;

const LIST_ALL = listIds('');
/** In words of its own, for these have an index. */
const LIST_FLAGGED = listIds(`AND ${IS_FLAGGED}`);
const LIST_UNFLAGGED = listIds(`AND NOT (${IS_FLAGGED})`);

/** A page of orders, newest first, as they were at one moment. */
export const listOrders = (em: EntityManager, shopId: string, filter: ListFilter): Promise<Page<OrderView>> =>
  inSnapshot(em, (snapshot) => pageOfOrders(snapshot, shopId, filter));

async function pageOfOrders(em: EntityManager, shopId: string, filter: ListFilter): Promise<Page<OrderView>> {
  const [at, id] = readCursor(filter.cursor, ['timestamp', 'uuid']) ?? [null, null];
  const { status = null, from = null, to = null, orderNumber = null, limit } = filter;
  const { paymentStatus = null, customerId = null, tableNumber = null, flagged } = filter;
  const list = flagged === undefined ? LIST_ALL : flagged ? LIST_FLAGGED : LIST_UNFLAGGED;
  const which = [status, from, to, orderNumber, paymentStatus, customerId, tableNumber];
  const parameters = [shopId, at, id, ...which, limit + 1];
  const rows = await query<{ id: string; at: string }>(em, list, parameters);
  const page = cutPage(
    rows,
    limit,
    (row) => [row.at, row.id],
    (row) => row.id,
  );
  const orders = await findOrders(em, shopId, page.data);
  return { ...page, data: page.data.map((orderId) => viewOrder(orders.get(orderId) as OrderParts)) };
}
