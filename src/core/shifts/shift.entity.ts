import { defineEntity, p } from '@mikro-orm/core';
import type { ShiftReport, Shift as ShiftView } from '../../contract/shifts.ts';
import { minor, minorSum, timestamp, varchar } from '../columns.ts';

const ShiftSchema = defineEntity({
  name: 'Shift',
  tableName: 'shifts',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    /** Whose drawer it is; null is the shop's main drawer. */
    deviceId: varchar(100).nullable(),
    openedBy: p.uuid().nullable(),
    openedAt: timestamp(),
    businessDate: p.string().columnType('date'),
    openingFloatMinor: minor().fieldName('opening_float'),
    closedBy: p.uuid().nullable(),
    closedAt: timestamp().nullable(),
    zNumber: p.integer().nullable(),
    denominations: p.json<ShiftView['denominations']>().nullable(),
    expectedMinor: minorSum().fieldName('expected').nullable(),
    countedMinor: minorSum().fieldName('counted').nullable(),
    varianceMinor: minorSum().fieldName('variance').nullable(),
    note: varchar(500),
    /** The Z report as it was answered; what happens to its bills later doesn't change it. */
    report: p.json<ShiftReport>().nullable(),
    requestHash: varchar(64),
    closeHash: varchar(64).nullable(),
  },
});

export class Shift extends ShiftSchema.class {}
ShiftSchema.setClass(Shift);

const CashMovementSchema = defineEntity({
  name: 'CashMovement',
  tableName: 'cash_movements',
  properties: {
    id: p.uuid().primary(),
    shopId: p.uuid(),
    shiftId: p.uuid(),
    type: p.enum(['in', 'out']).columnType('varchar(3)'),
    amountMinor: minor().fieldName('amount'),
    reason: varchar(500),
    cashierId: p.uuid().nullable(),
    at: timestamp(),
  },
});

export class CashMovement extends CashMovementSchema.class {}
CashMovementSchema.setClass(CashMovement);
