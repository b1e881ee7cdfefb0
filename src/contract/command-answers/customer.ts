import type { z } from 'zod';
import { Customer, listCustomers } from '../customers.ts';

/** What the commands of customers print with `--json`: what the routes of the API answer. */
export const customerAnswers = {
  'customer list': listCustomers.responses[200],
  'customer show': Customer,
  'customer set': Customer,
} as const satisfies Record<string, z.ZodType>;
