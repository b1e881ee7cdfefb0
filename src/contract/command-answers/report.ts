import type { z } from 'zod';
import {
  InventoryReport,
  MarginsReport,
  PaymentsReport,
  SalesReport,
  SellersReport,
  ShiftsReport,
  StaffReport,
  TaxReport,
} from '../reports.ts';

/** As over HTTP. */
export const reportAnswers = {
  'report sales': SalesReport,
  'report payments': PaymentsReport,
  'report tax': TaxReport,
  'report shifts': ShiftsReport,
  'report staff': StaffReport,
  'report margins': MarginsReport,
  'report sellers': SellersReport,
  'report inventory': InventoryReport,
} as const satisfies Record<string, z.ZodType>;
