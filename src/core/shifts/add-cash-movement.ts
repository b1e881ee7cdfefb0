import { limits } from '../../contract/primitives.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { NewCashMovement, type Shift as ShiftView } from '../../contract/shifts.ts';
import { isAtLeast } from '../../contract/users.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { type Approver, examineApproval, findLeave, requireLeave } from '../auth/approval.ts';
import { type Context, personOf } from '../context.ts';
import { requireWholeInShop } from '../shops/whole-amounts.ts';
import { type Transaction, transact } from '../transact.ts';
import { findShift, requireShift } from './find-shifts.ts';
import { examinePayOut, recordRefusedPayOut } from './pay-out.ts';
import { CashMovement } from './shift.entity.ts';
import { closedProblem, takenMovementId } from './shift-problems.ts';
import { viewShift } from './view-shift.ts';

type Saved = { shift: ShiftView; isReplay: boolean };

/** Between looking and booking another pay-out may take what is there; more often in a row is not to be expected. */
const MAX_TRIES = 3;

/**
 * Books cash that is put into the drawer or taken out of it. The same movement again is booked once. To take out more than
 * the drawer should have is for managers, or with an approval; each refusal is recorded, with the client's `address`.
 * Throws `not_found`, `shift_closed`, `shift_conflict`, `invalid_request` (too many), `approval_needed`, `approval_refused`.
 */
export async function addCashMovement(
  context: Context,
  shopId: string,
  shiftId: string,
  body: NewCashMovement,
  address: string | null = null,
): Promise<Saved> {
  // Whose shift it is not hears nothing of whether an approval is good.
  if (body.approval) await requireShift(context.em, shopId, shiftId);
  const approver = (await examineApproval(context, shopId, body.approval))();
  const { actor } = context;
  const isManaged =
    actor.kind === 'system' || [actor, approver].some((who) => who && isAtLeast(who.role, 'manager'));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (body.type === 'out' && !isManaged) {
      const payOut = { id: body.id, shopId, shiftId, amountMinor: body.amount };
      requireLeave(actor, approver, await recordRefusedPayOut(context, payOut, approver, address));
    }
    const saved = await saving(() =>
      transact(context, (tx) => book(tx, { shopId, shiftId }, body, approver)),
    );
    if (saved) return saved;
  }
  throw new ProblemError('too_busy', { detail: 'Many pay-outs of this drawer came at once. Try again.' });
}

/**
 * Thrown where the drawer has less than when it was examined. Not returned: only a rollback releases the shift within the
 * transaction of a request with an `Idempotency-Key`, where the next try waits for it on a second connection.
 */
class DrawerChangedError extends Error {}

/** Throws `DrawerChangedError`. */
async function book(
  tx: Transaction,
  { shopId, shiftId }: { shopId: string; shiftId: string },
  body: NewCashMovement,
  approver: Approver | null,
): Promise<Saved> {
  const parts = await findShift(tx.em, shopId, shiftId, true);
  const { shift, movements } = parts;
  const earlier = movements.find((movement) => movement.id === body.id);
  if (earlier && !isSame(earlier, body)) throw takenMovementId();
  if (earlier) return { shift: viewShift(parts), isReplay: true };
  if (shift.closedAt) throw closedProblem(shift);
  if (movements.length >= limits.cashMovements) {
    const detail = `This drawer has ${limits.cashMovements} cash movements. Close its shift and open the next.`;
    throw fieldProblem('invalid_request', '/id', detail);
  }
  await requireWholeInShop(tx.em, shopId, NewCashMovement, body);
  const { id, type, amount: amountMinor, reason } = body;
  const examined =
    type === 'out' ? await examinePayOut(tx, { id, shopId, shiftId, amountMinor }, parts) : { needs: [] };
  const { leaderId: approvedBy, missing } = findLeave(tx.actor, approver, examined.needs);
  if (missing.length > 0) throw new DrawerChangedError();
  const before = viewShift(parts);
  const movement = tx.em.create(CashMovement, {
    id,
    shopId,
    shiftId,
    type,
    amountMinor,
    reason,
    cashierId: personOf(tx.actor),
    at: tx.app.now(),
  });
  await tx.em.persist(movement).flush();
  const view = viewShift({ shift, movements: [...movements, movement] });
  const kept = approvedBy ? { kept: { approvedBy } } : {};
  tx.record({ shopId, type: 'shift_updated', data: view, before, ...kept });
  return { shift: view, isReplay: false };
}

/** Null where it has to be examined again. */
async function saving<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DrawerChangedError) return null;
    if (!isUniqueViolation(error, 'cash_movements_pkey')) throw error;
    throw takenMovementId();
  }
}

const isSame = (earlier: CashMovement, { type, amount, reason }: NewCashMovement) =>
  earlier.type === type && earlier.amountMinor === amount && earlier.reason === reason;
