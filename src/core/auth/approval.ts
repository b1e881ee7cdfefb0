import type { EntityManager } from '@mikro-orm/postgresql';
import { type Fault, ProblemError } from '../../contract/problem.ts';
import { type Approval, isAtLeast, type Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import type { Actor } from '../context.ts';
import { verifyPassword } from './passwords.ts';

/** Somebody who stands by at the till and has shown who they are. */
export type Approver = { id: string; role: Role };

type Row = Approver & { password_hash: string };

// Somebody of this shop: on its staff, or its owner.
const FIND_APPROVER = `
  SELECT u.id, u.role, u.password_hash FROM users u
  WHERE u.email = $1 AND EXISTS (
    SELECT FROM shops s WHERE s.id = $2 AND (s.id = u.shop_id OR s.owner_id = u.id))`;

/** Checks the approval that came with a request; null when none did. Throws `approval_refused`, `too_busy`. */
export async function checkApproval(
  em: EntityManager,
  shopId: string,
  approval: Approval | undefined,
): Promise<Approver | null> {
  if (!approval) return null;
  const [row] = await query<Row>(em, FIND_APPROVER, [approval.email, shopId]);
  const isRight = await verifyPassword(approval.password, row?.password_hash);
  if (!row || !isRight || !isAtLeast(row.role, 'manager')) {
    throw new ProblemError('approval_refused', {
      detail: 'The approval needs the e-mail and password of a manager of this shop.',
      errors: [{ pointer: '/approval', detail: 'is not that of a manager of this shop' }],
    });
  }
  return { id: row.id, role: row.role };
}

/** Something that not everybody may do; `detail` is a sentence for the cashier. */
export type Need = Fault & { least: Role };

/**
 * Who allows all this: the actor, or else the approver; null when it needs nobody's leave, or when neither may allow all
 * of it. `missing` is what somebody higher has to allow.
 */
export function findLeave(
  actor: Actor,
  approver: Approver | null,
  needs: Need[],
): { leaderId: string | null; missing: Need[] } {
  if (needs.length === 0 || actor.kind === 'system') return { leaderId: null, missing: [] };
  const leaders = [{ id: actor.id, role: actor.role }, ...(approver ? [approver] : [])];
  const leader = leaders.find(({ role }) => needs.every(({ least }) => isAtLeast(role, least)));
  if (leader) return { leaderId: leader.id, missing: [] };
  const missing = needs.filter(({ least }) => !leaders.some(({ role }) => isAtLeast(role, least)));
  return { leaderId: null, missing };
}

/** Who allows all this, as `findLeave` has it. Throws `approval_needed` with everything that somebody higher has to allow. */
export function requireLeave(actor: Actor, approver: Approver | null, needs: Need[]): string | null {
  const { leaderId, missing } = findLeave(actor, approver, needs);
  if (missing.length === 0) return leaderId;
  const errors = missing.map(({ pointer, detail }) => ({ pointer, detail }));
  throw new ProblemError('approval_needed', {
    detail: `${errors.map(({ detail }) => detail).join(' ')} Ask ${missing.some(({ least }) => least === 'owner') ? 'the owner' : 'a manager'} to approve it.`,
    errors,
  });
}
