import type { z } from 'zod';
import { listOrders, Order } from '../orders.ts';

/** What the commands of bills print with `--json`: what the routes of the API answer. */
export const orderAnswers = {
  'order list': listOrders.responses[200],
  'order show': Order,
  'order refund': Order,
  'order void': Order,
  'order review': Order,
} as const satisfies Record<string, z.ZodType>;
