import type { EntityManager } from '@mikro-orm/postgresql';
import { type Fault, ProblemError } from '../../contract/problem.ts';
import { type Approval, isAtLeast, type Role } from '../../contract/users.ts';
import { query } from '../../database/query.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { type Actor, type Context, deviceOf, eventActor } from '../context.ts';
import { approvalBounds, isNews, lookWithin, tooManyTries } from './login-throttle.ts';
import { verifyPassword } from './passwords.ts';
import { requireStanding } from './standing.ts';

/** Somebody who stands by at the till and has shown who they are. */
export type Approver = { id: string; role: Role };

type Row = Approver & { email: string; password_hash: string };

// Somebody of this shop: on its staff, or its owner.
const FIND_APPROVER = `
  SELECT u.id, u.role, u.email, u.password_hash FROM users u
  WHERE u.email = $1 AND u.disabled_at IS NULL AND EXISTS (
    SELECT FROM shops s WHERE s.id = $2 AND (s.id = u.shop_id OR s.owner_id = u.id))`;

/** Gives who approves, null when nobody was asked to. Throws `approval_refused`. */
export type ApprovalResult = () => Approver | null;

/**
 * Looks at the approval that came with a request, and not within a transaction: whatever it has locked would wait while
 * passwords are hashed. Wrong ones delay whoever asks, and very many of them everybody in that shop. Throws `too_many_requests`, `too_busy`,
 * `unauthenticated` when whoever asks was shut out meanwhile.
 */
export async function examineApproval(
  context: Context,
  shopId: string,
  approval: Approval | undefined,
): Promise<ApprovalResult> {
  if (!approval) return () => null;
  const { app, em, actor } = context;
  const [row] = await query<Row>(em, FIND_APPROVER, [approval.email, shopId]);
  const asking = { email: approval.email, shopId, by: actor.kind === 'user' ? actor.id : actor.name };
  const bounds = approvalBounds(app, asking, async (delay) => {
    const { waitSeconds } = delay;
    if (await isNews(app, delay)) await recordFailure(context, shopId, row, { seconds: waitSeconds });
    return tooManyTries('Too many wrong approvals were tried.', waitSeconds);
  });
  const isRight = await lookWithin(bounds, async () => {
    const isRight = await verifyPassword(approval.password, row?.password_hash, 'known');
    return (
      isRight && row !== undefined && isAtLeast(row.role, 'manager') && (await isAsBefore(em, row, shopId))
    );
  });
  await requireStanding(context, shopId);
  if (row && isRight) return () => ({ id: row.id, role: row.role });
  await recordFailure(context, shopId, row, {});
  return () => {
    throw new ProblemError('approval_refused', {
      detail: 'The approval needs the e-mail and password of a manager of this shop.',
      errors: [{ pointer: '/approval', detail: 'is not that of a manager of this shop' }],
    });
  };
}

/** Hashing stands in a line: whoever was disabled or demoted, or got another password meanwhile, allows nothing any more. */
async function isAsBefore(em: EntityManager, { email, role, password_hash }: Row, shopId: string) {
  const [now] = await query<Row>(em, FIND_APPROVER, [email, shopId]);
  return now?.role === role && now.password_hash === password_hash;
}

/**
 * Records the e-mail only if it belongs to a user of the shop: it may be a password in the wrong field. Uses a connection
 * of its own, because the refusal rolls back the transaction of a request with an Idempotency-Key.
 */
async function recordFailure(
  { app, em, actor }: Context,
  shopId: string,
  row: Row | undefined,
  details: Record<string, unknown>,
): Promise<void> {
  await recordSecurity(em.fork(), {
    type: 'approval_failed',
    shopId,
    at: app.now(),
    actor: eventActor(actor),
    deviceId: deviceOf(actor),
    details: { ...details, ...(row && { email: row.email }) },
  });
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
