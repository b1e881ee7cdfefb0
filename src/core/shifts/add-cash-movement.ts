import { limits } from '../../contract/primitives.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { NewCashMovement, type Shift as ShiftView } from '../../contract/shifts.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { type Context, personOf } from '../context.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { transact } from '../transact.ts';
import { findShift } from './find-shifts.ts';
import { CashMovement } from './shift.entity.ts';
import { closedProblem, takenMovementId } from './shift-problems.ts';
import { viewShift } from './view-shift.ts';

type Saved = { shift: ShiftView; isReplay: boolean };

/**
 * Books cash that is put into the drawer or taken out of it. The same movement again is booked once.
 * Throws `not_found`, `shift_closed`, `shift_conflict`, `invalid_request` (too many).
 */
export async function addCashMovement(
  context: Context,
  shopId: string,
  shiftId: string,
  body: NewCashMovement,
): Promise<Saved> {
  try {
    return await transact(context, async (tx) => {
      const { shift, movements } = await findShift(tx.em, shopId, shiftId, true);
      const earlier = movements.find((movement) => movement.id === body.id);
      if (earlier && !isSame(earlier, body)) throw takenMovementId();
      if (earlier) return { shift: viewShift({ shift, movements }), isReplay: true };
      if (shift.closedAt) throw closedProblem(shift);
      if (movements.length >= limits.cashMovements) {
        const detail = `This drawer has ${limits.cashMovements} cash movements. Close its shift and open the next.`;
        throw fieldProblem('invalid_request', '/id', detail);
      }
      await requireWholeInShop(tx.em, shopId, NewCashMovement, body);
      const before = viewShift({ shift, movements });
      const movement = tx.em.create(CashMovement, {
        id: body.id,
        shopId,
        shiftId,
        type: body.type,
        amountMinor: body.amount,
        reason: body.reason,
        cashierId: personOf(tx.actor),
        at: tx.app.now(),
      });
      await tx.em.persist(movement).flush();
      const view = viewShift({ shift, movements: [...movements, movement] });
      tx.record({ shopId, type: 'shift_updated', data: view, before });
      return { shift: view, isReplay: false };
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'cash_movements_pkey')) throw error;
    throw takenMovementId();
  }
}

const isSame = (earlier: CashMovement, { type, amount, reason }: NewCashMovement) =>
  earlier.type === type && earlier.amountMinor === amount && earlier.reason === reason;
