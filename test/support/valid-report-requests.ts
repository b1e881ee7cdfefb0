import { firstDay, inShop, lastDay } from './request-parts.ts';
import type { Builder } from './valid-requests.ts';

/** A report of the shop, with all that can be asked of it. */
const asking = (query: Record<string, string> = {}): Builder[] => [
  (world) => ({ params: inShop(world), query: { from: firstDay, to: lastDay, ...query } }),
];

/** Valid requests of the routes of reports, by their names. */
export const reportRequests: Record<string, Builder[]> = {
  salesReport: asking({ groupBy: 'category', compare: 'previous' }),
  taxReport: asking(),
  paymentsReport: asking(),
  shiftsReport: asking(),
  inventoryReport: asking(),
  marginsReport: asking({ groupBy: 'variant' }),
  staffReport: asking(),
  sellersReport: asking({ limit: '5', by: 'quantity' }),
};
