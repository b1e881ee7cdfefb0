import { z } from 'zod';
import {
  Amount,
  AmountAboveZero,
  Count,
  Day,
  Id,
  limits,
  Money,
  note,
  PageQuery,
  PaymentMethod,
  page,
  queryFlag,
  Timestamp,
  text,
} from './primitives.ts';
import { defineRoute } from './route.ts';
import { shopParams } from './shops.ts';
import { Approval } from './users.ts';

/** A billion: more is a slip of the finger in any currency, and a tenth of a per cent of what the books can hold. */
const MAX_COUNTED_MINOR = 100_000_000_000;

const shiftParams = shopParams.extend({ shiftId: Id });

/** `id` is made by the till, here and below: the same request sent again is booked once. */
export const NewShift = z.strictObject({
  id: Id,
  /** What lies in the drawer at the start. */
  openingFloat: Amount,
  /** The till whose drawer it is; left out, the device that one is signed in on; null, the shop's main drawer. */
  deviceId: text(100).nullish(),
});
export type NewShift = z.output<typeof NewShift>;

export const NewCashMovement = z.strictObject({
  id: Id,
  type: z.enum(['in', 'out']),
  amount: AmountAboveZero,
  reason: text(500),
  /** To take out more than the drawer should have. */
  approval: Approval.optional(),
});
export type NewCashMovement = z.output<typeof NewCashMovement>;

/** The drawer, counted note by note and coin by coin. */
const Denomination = z.strictObject({
  value: AmountAboveZero,
  count: z.int().min(0).max(1_000_000),
});

/** What notes and coins come to, in minor units. */
export const countedMinor = (denominations: z.output<typeof Denomination>[]) =>
  denominations.reduce((sum, { value, count }) => sum + value * count, 0);

export const ShiftClose = z.strictObject({
  denominations: z
    .array(Denomination)
    .max(limits.denominations)
    .refine(
      (denominations) => countedMinor(denominations) <= MAX_COUNTED_MINOR,
      'come to more than a drawer can hold',
    ),
  note: note(500).default(''),
});
export type ShiftClose = z.output<typeof ShiftClose>;

const CashMovement = z.strictObject({
  id: Id,
  type: z.enum(['in', 'out']),
  amount: Money,
  reason: z.string(),
  cashierId: Id.nullable(),
  at: Timestamp,
});

export const Shift = z.strictObject({
  id: Id,
  shopId: Id,
  deviceId: z.string().nullable(),
  openedBy: Id.nullable(),
  openedAt: Timestamp,
  businessDate: Day,
  openingFloat: Money,
  cashMovements: z.array(CashMovement),
  status: z.enum(['open', 'closed']),
  closedBy: Id.nullable(),
  closedAt: Timestamp.nullable(),
  /** Gapless for each shop. */
  zNumber: z.int().nullable(),
  denominations: z.array(z.strictObject({ value: Money, count: z.int() })).nullable(),
  /** Known once the drawer is counted. */
  expected: Money.nullable(),
  counted: Money.nullable(),
  /** Counted less expected: negative when cash is missing. */
  variance: Money.nullable(),
  note: z.string(),
});
export type Shift = z.output<typeof Shift>;

/** The sales of a shift; `orders` are bills that were neither parked nor voided when it was made. */
const ShiftTotals = z.strictObject({
  orders: z.int(),
  itemsSold: Count,
  gross: Money,
  discount: Money,
  serviceCharge: Money,
  tax: Money,
  rounding: Money,
  refunds: Money,
  /** What was sold, with tax, less refunds. */
  net: Money,
});

const ShiftPayments = z.strictObject({
  method: PaymentMethod,
  count: z.int(),
  taken: Money,
  tips: Money,
  refunds: Money,
  /** Given back for bills that were voided. */
  returned: Money,
});

const Drawer = z.strictObject({
  openingFloat: Money,
  /** Change is off already. */
  sales: Money,
  tips: Money,
  refunds: Money,
  returned: Money,
  paidIn: Money,
  paidOut: Money,
  expected: Money,
});

/** X while the shift is open (figures of now), Z once it is closed (figures of then). */
export const ShiftReport = z.strictObject({
  type: z.enum(['X', 'Z']),
  at: Timestamp,
  shift: Shift,
  /** None for a cashier while the shift is open and is to be counted blind. */
  totals: ShiftTotals.nullable(),
  drawer: Drawer.nullable(),
  /** Without cash where the totals are not shown. */
  payments: z.array(ShiftPayments),
  voids: z.strictObject({ bills: z.int(), lines: z.int(), amount: Money }),
  /** Bills still parked, which carry over to the next shift. */
  openBills: z.strictObject({ count: z.int(), due: Money }),
  /** Of a Z report, where the audit's chain stood: number and hash of its last seal. `smoocho audit verify --head` takes it. */
  auditHead: z
    .string()
    .regex(/^\d{1,15}:[0-9a-f]{64}$/)
    .nullable(),
});
export type ShiftReport = z.output<typeof ShiftReport>;

export const listShifts = defineRoute({
  name: 'listShifts',
  summary: 'Shifts, newest first; `open=true` for those whose drawer is not counted yet',
  method: 'get',
  path: '/api/shops/:shopId/shifts',
  permission: 'cashier',
  params: shopParams,
  query: PageQuery.extend({ open: queryFlag().optional(), from: Day.optional(), to: Day.optional() }),
  responses: { 200: page(Shift) },
  problems: ['not_found'],
});

export const openShift = defineRoute({
  name: 'openShift',
  summary: 'Open a drawer with its float; the same id again gives the same shift with 200',
  method: 'post',
  path: '/api/shops/:shopId/shifts',
  permission: 'cashier',
  repeat: 'key',
  params: shopParams,
  body: NewShift,
  responses: { 201: Shift, 200: Shift },
  problems: ['not_found', 'shift_open', 'shift_conflict'],
});

export const addCashMovement = defineRoute({
  name: 'addCashMovement',
  summary: 'Put cash into the drawer or take it out, with a reason; more than it should have needs a manager',
  method: 'post',
  path: '/api/shops/:shopId/shifts/:shiftId/cash-movements',
  permission: 'cashier',
  repeat: 'key',
  params: shiftParams,
  body: NewCashMovement,
  responses: { 201: Shift, 200: Shift },
  problems: [
    'not_found',
    'shift_closed',
    'shift_conflict',
    'approval_needed',
    'approval_refused',
    'too_many_requests',
    'too_busy',
  ],
});

export const closeShift = defineRoute({
  name: 'closeShift',
  summary: 'Count the drawer and close the shift: the answer is its Z report',
  method: 'post',
  path: '/api/shops/:shopId/shifts/:shiftId/close',
  permission: 'cashier',
  repeat: 'key',
  params: shiftParams,
  body: ShiftClose,
  responses: { 200: ShiftReport },
  problems: ['not_found', 'shift_closed'],
});

export const getShiftReport = defineRoute({
  name: 'getShiftReport',
  summary: 'The X report of an open shift, the Z report of a closed one',
  method: 'get',
  path: '/api/shops/:shopId/shifts/:shiftId/report',
  permission: 'cashier',
  params: shiftParams,
  responses: { 200: ShiftReport },
  problems: ['not_found'],
});
