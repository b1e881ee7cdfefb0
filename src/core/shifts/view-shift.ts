import { formatMinor } from '../../contract/money.ts';
import type { Shift as ShiftView } from '../../contract/shifts.ts';
import type { CashMovement, Shift } from './shift.entity.ts';

/** A shift with the cash that was put in and taken out, oldest first. */
export type ShiftParts = { shift: Shift; movements: CashMovement[] };

const formatKnown = (minor: number | null | undefined) => (minor == null ? null : formatMinor(minor));

/** A shift as the wire and the feed show it: what should be in the drawer stands in it once it is counted. */
export function viewShift({ shift, movements }: ShiftParts): ShiftView {
  return {
    id: shift.id,
    shopId: shift.shopId,
    deviceId: shift.deviceId ?? null,
    openedBy: shift.openedBy ?? null,
    openedAt: shift.openedAt.toISOString(),
    businessDate: shift.businessDate,
    openingFloat: formatMinor(shift.openingFloatMinor),
    cashMovements: movements.map((movement) => ({
      id: movement.id,
      type: movement.type,
      amount: formatMinor(movement.amountMinor),
      reason: movement.reason,
      cashierId: movement.cashierId ?? null,
      at: movement.at.toISOString(),
    })),
    status: shift.closedAt ? 'closed' : 'open',
    closedBy: shift.closedBy ?? null,
    closedAt: shift.closedAt?.toISOString() ?? null,
    zNumber: shift.zNumber ?? null,
    denominations: shift.denominations ?? null,
    expected: formatKnown(shift.expectedMinor),
    counted: formatKnown(shift.countedMinor),
    variance: formatKnown(shift.varianceMinor),
    note: shift.note,
  };
}
