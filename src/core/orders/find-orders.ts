import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { OrderStatus, Order as OrderView } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { Payment } from '../payments/payment.entity.ts';
import { Order } from './order.entity.ts';
import { viewOrder } from './view-order.ts';

/** An order with its payments, oldest first. Throws `not_found`. */
export async function findOrder(em: EntityManager, shopId: string, orderId: string, lock = false) {
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {};
  const order = await em.findOne(Order, { id: orderId, shopId }, options);
  if (!order) throw new ProblemError('not_found', { detail: 'There is no such order.' });
  const payments = await em.find(Payment, { shopId, orderId }, { orderBy: { at: 'asc', id: 'asc' } });
  return { order, payments };
}

type ListFilter = {
  limit: number;
  cursor?: string | undefined;
  status?: OrderStatus | undefined;
  from?: string | undefined;
  to?: string | undefined;
  orderNumber?: string | undefined;
};

const LIST_IDS = `
  SELECT id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM orders
  WHERE shop_id = $1
    AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
    AND ($4::text IS NULL OR status = $4)
    AND ($5::date IS NULL OR business_date >= $5)
    AND ($6::date IS NULL OR business_date <= $6)
    AND ($7::text IS NULL OR order_number = $7)
  ORDER BY created_at DESC, id DESC LIMIT $8`;

/** A page of orders, newest first. */
export async function listOrders(
  em: EntityManager,
  shopId: string,
  filter: ListFilter,
): Promise<Page<OrderView>> {
  const [at, id] = readCursor(filter.cursor, ['timestamp', 'uuid']) ?? [null, null];
  const { status = null, from = null, to = null, orderNumber = null, limit } = filter;
  const parameters = [shopId, at, id, status, from, to, orderNumber, limit + 1];
  const rows = await query<{ id: string; at: string }>(em, LIST_IDS, parameters);
  const page = cutPage(
    rows,
    limit,
    (row) => [row.at, row.id],
    (row) => row.id,
  );
  const orders = new Map(
    (await em.find(Order, { id: { $in: page.data } })).map((order) => [order.id, order]),
  );
  const payments = await em.find(
    Payment,
    { shopId, orderId: { $in: page.data } },
    { orderBy: { at: 'asc', id: 'asc' } },
  );
  const present = (orderId: string) =>
    viewOrder(
      orders.get(orderId) as Order,
      payments.filter((payment) => payment.orderId === orderId),
    );
  return { ...page, data: page.data.map(present) };
}
