import type { EntityManager } from '@mikro-orm/postgresql';
import { formatMinor } from '../../contract/money.ts';
import { query } from '../../database/query.ts';
import { recordedActor, recordSecurity } from '../audit/record-security.ts';
import { type Approver, findLeave, type Need } from '../auth/approval.ts';
import { unscale } from '../columns.ts';
import type { Context } from '../context.ts';
import { retrying } from '../retrying.ts';
import { findShift } from './find-shifts.ts';
import { isBlind } from './is-blind.ts';
import { figuresOf } from './make-report.ts';
import { sumShift } from './sql/sum-shift.ts';
import type { ShiftParts } from './view-shift.ts';

/**
 * Refused pay-outs of a shift after which a cashier who counts blind needs a manager for each further one. Each refusal says
 * whether an amount is in the drawer: with more of them, the content could be found by trying.
 */
const MAX_REFUSALS = 3;

// Served by security_log_payouts_idx. The same pay-out of the same drawer, sent again, was told nothing new.
const COUNT_REFUSALS = `
  SELECT count(*)::int AS refusals FROM (
    SELECT DISTINCT details->>'movementId', details->>'amount', details->>'expected' FROM security_log
    WHERE chain_id = $1 AND type = 'payout_refused' AND details->>'shiftId' = $2
    LIMIT ${MAX_REFUSALS}
  ) refused`;

export type PayOut = { id: string; shopId: string; shiftId: string; amountMinor: number };

/** `expected` is what the drawer should have, as decimal text, where that is why it needs somebody. */
type Examined = { needs: Need[]; expected?: string };

/**
 * What a manager has to allow of a pay-out; none where the drawer should have that much. `parts` are locked, so that no other
 * pay-out comes between. For somebody who counts blind it names no amount, and after some refusals it says nothing of the
 * drawer at all.
 */
export async function examinePayOut(
  context: Pick<Context, 'actor' | 'em'>,
  { shopId, shiftId, amountMinor }: PayOut,
  { shift }: ShiftParts,
): Promise<Examined> {
  const { em } = context;
  const need = (pointer: string, detail: string): Need[] => [{ least: 'manager', pointer, detail }];
  const isHidden = await isBlind(context, shopId);
  if (isHidden) {
    const [row] = await query<{ refusals: number }>(em, COUNT_REFUSALS, [shopId, shiftId]);
    if ((row?.refusals ?? 0) >= MAX_REFUSALS) {
      const detail = `${MAX_REFUSALS} pay-outs of this shift were refused: each further one needs a manager.`;
      return { needs: need('/approval', detail) };
    }
  }
  const { drawer } = figuresOf(shift.openingFloatMinor, await sumShift(em, shopId, shiftId));
  const { expected } = drawer;
  if (amountMinor <= unscale(expected)) return { needs: [] };
  const detail = isHidden
    ? 'This is more than the drawer should have by now.'
    : `The drawer should have ${expected} by now, and this is ${formatMinor(amountMinor)}.`;
  return { needs: need('/amount', detail), expected };
}

/**
 * Records a pay-out that would be refused, and gives what it needs; nothing where it may be made. In a transaction of its
 * own that ends before the movement's begins, so that the record stays when the request is refused, and no request holds the
 * shift while it waits for a second connection. The shift is locked: of requests that come at once each counts the one
 * before.
 */
export async function recordRefusedPayOut(
  context: Context,
  payOut: PayOut,
  approver: Approver | null,
  address: string | null,
): Promise<Need[]> {
  const { app, actor } = context;
  const examine = async (em: EntityManager): Promise<Need[]> => {
    const parts = await findShift(em, payOut.shopId, payOut.shiftId, true);
    // Booking it again, and into a shift that is closed, has responses of its own.
    if (parts.shift.closedAt || parts.movements.some(({ id }) => id === payOut.id)) return [];
    const { needs, expected } = await examinePayOut({ actor, em }, payOut, parts);
    if (findLeave(actor, approver, needs).missing.length === 0) return [];
    await recordSecurity(em, {
      type: 'payout_refused',
      shopId: payOut.shopId,
      at: app.now(),
      ...recordedActor(actor),
      address,
      details: {
        shiftId: payOut.shiftId,
        movementId: payOut.id,
        amount: formatMinor(payOut.amountMinor),
        ...(expected !== undefined && { expected }),
      },
    });
    return needs;
  };
  return await retrying(() => context.em.fork().transactional(examine));
}
