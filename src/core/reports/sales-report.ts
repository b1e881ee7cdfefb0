import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMinor } from '../../contract/money.ts';
import type { SalesReport, SalesReportQuery } from '../../contract/reports.ts';
import { mulDivHalfUp } from '../../pricing/index.ts';
import type { Services } from '../context.ts';
import { businessDateAt } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { type SalesSums, sumSales } from './sql/sum-sales.ts';

/** Sales of a span of business dates, both ends included; today where none is named. Throws `not_found`. */
export async function salesReport(
  { app, em }: { app: Services; em: EntityManager },
  shopId: string,
  { from, to, groupBy }: SalesReportQuery,
): Promise<SalesReport> {
  const shop = await findShop(em, shopId);
  const today = businessDateAt(app.now(), shop);
  const first = from ?? (to !== undefined && to < today ? to : today);
  const span = { shopId, from: first, to: to ?? (first > today ? first : today) };
  const { totals, groups } = await sumSales(em, span, groupBy);
  return {
    from: span.from,
    to: span.to,
    currency: shop.currency,
    timezone: shop.timezone,
    groupBy,
    totals: { ...totals, averageOrder: averageOrder(totals) },
    groups,
  };
}

function averageOrder({ total, orders }: SalesSums): string {
  if (orders === 0) return formatMinor(0);
  const totalMinor = Number(total.replace('.', ''));
  // Refunds of earlier days can make a day's total negative; half up goes away from zero then, as on the bills.
  const average = mulDivHalfUp(Math.abs(totalMinor), 1, orders);
  return formatMinor(totalMinor < 0 ? -average : average);
}
