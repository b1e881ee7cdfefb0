import { z } from 'zod';
import { Day, Id, Money, PaymentMethod, Timestamp } from './primitives.ts';
import { reportHead, reportRoute, SpanQuery } from './report-parts.ts';
import { defineRoute } from './route.ts';

/** Money by the day on which it moved: a bill may be older. taken + tips − refunds − returned = net. */
const moneyMoved = {
  /** Payments taken; a bill can have several. */
  count: z.int(),
  /** Without tips. */
  taken: Money,
  tips: Money,
  refunds: Money,
  /** Given back for bills that were voided, with their tips. */
  returned: Money,
  net: Money,
};

export const PaymentsReport = z.strictObject({
  ...reportHead,
  totals: z.strictObject(moneyMoved),
  methods: z.array(z.strictObject({ method: PaymentMethod, ...moneyMoved })),
  /** Bills sold in the span that are not wholly paid by now, and what is missing. */
  unpaid: z.strictObject({ count: z.int(), due: Money }),
});
export type PaymentsReport = z.output<typeof PaymentsReport>;

export const paymentsReport = defineRoute({
  ...reportRoute,
  name: 'paymentsReport',
  summary: 'Money taken and given back by method, and what is still owed',
  path: '/api/shops/:shopId/reports/payments',
  query: SpanQuery,
  responses: { 200: PaymentsReport },
});

const Person = z.strictObject({ id: Id, name: z.string() });

const ClosedShift = z.strictObject({
  id: Id,
  zNumber: z.int(),
  /** None for the shop's main drawer. */
  deviceId: z.string().nullable(),
  businessDate: Day,
  openedAt: Timestamp,
  openedBy: Person.nullable(),
  closedAt: Timestamp,
  closedBy: Person.nullable(),
  expected: Money,
  counted: Money,
  /** Counted less expected: negative when cash is missing. */
  variance: Money,
});
export type ClosedShift = z.output<typeof ClosedShift>;

export const ShiftsReport = z.strictObject({
  ...reportHead,
  totals: z.strictObject({
    shifts: z.int(),
    expected: Money,
    counted: Money,
    variance: Money,
    /** What was too much, and what was missing, each ≥ 0: over − short = variance. */
    over: Money,
    short: Money,
  }),
  /** Those that are counted, by the business date on which they were opened; in the order of their numbers. */
  shifts: z.array(ClosedShift),
});
export type ShiftsReport = z.output<typeof ShiftsReport>;

export const shiftsReport = defineRoute({
  ...reportRoute,
  name: 'shiftsReport',
  summary: 'Shifts that were closed: what should have been in the drawer, and what was',
  path: '/api/shops/:shopId/reports/shifts',
  query: SpanQuery,
  responses: { 200: ShiftsReport },
});

const Tally = z.strictObject({ count: z.int(), amount: Money });

const staffFigures = {
  /** Bills that the cashier sold, neither parked nor voided. */
  orders: z.int(),
  /** What those came to; refunds are not taken off, for somebody else may have given them. */
  total: Money,
  discount: Money,
  discountedOrders: z.int(),
  /** What they took off bills: lines, or the whole bill. */
  voidedLines: Tally,
  voidedOrders: Tally,
  /** What they gave back. */
  refunds: Tally,
};

const StaffMember = z.strictObject({
  /** The name, or `(none)` for what no person did, such as an import. */
  key: z.string(),
  id: Id.nullable(),
  ...staffFigures,
});
export type StaffMember = z.output<typeof StaffMember>;

export const StaffReport = z.strictObject({
  ...reportHead,
  totals: z.strictObject(staffFigures),
  staff: z.array(StaffMember),
});
export type StaffReport = z.output<typeof StaffReport>;

export const staffReport = defineRoute({
  ...reportRoute,
  name: 'staffReport',
  summary: 'What each of the staff sold, took off and gave back',
  path: '/api/shops/:shopId/reports/staff',
  query: SpanQuery,
  responses: { 200: StaffReport },
});
