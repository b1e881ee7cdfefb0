import type { Context, Middleware } from 'koa';
import { ProblemError } from '../../contract/problem.ts';
import { SOMEBODY } from '../../core/audit/record-security.ts';
import type { Refusal, Refusals } from '../../core/audit/refusals.ts';
import { InvalidTokenError } from '../../core/auth/tokens.ts';
import { eventActor, type UserActor } from '../../core/context.ts';

/** Who asks for what, as far as it is known; `mount` keeps it in `ctx.state.asker`. */
export type Asker = {
  route: string;
  actor: UserActor | null;
  /** The shop in the address, and whether it is one of theirs. */
  shopId: string | null;
  hasShop: boolean;
};

/**
 * Records who was refused what. A wrong body, an order that is closed, a session that has ended, a token that ran out are no
 * refusals.
 */
export const recordRefusals =
  (refusals: Refusals): Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const refusal = error instanceof ProblemError ? refusalOf(ctx, error) : null;
      if (refusal) refusals.note(refusal);
      throw error;
    }
  };

function refusalOf(ctx: Context, error: ProblemError): Refusal | null {
  const { code, detail, extra } = error;
  const asker = ctx.state.asker as Asker | undefined;
  const { actor = null, shopId = null, hasShop = false, route = null } = asker ?? {};
  const who = {
    // What was tried on another's shop stands with one's own: that one's people are no business of the other's owner.
    shopId: actor && shopId !== null && hasShop ? shopId : (actor?.shopId ?? null),
    actor: actor ? eventActor(actor) : SOMEBODY,
    deviceId: actor?.deviceId ?? null,
    address: ctx.ip,
  };
  if (error instanceof InvalidTokenError) {
    return { ...who, type: 'denied', details: { route, code: 'invalid_token' } };
  }
  switch (code) {
    case 'forbidden':
    case 'device_refused':
      return { ...who, type: 'denied', details: { route, code } };
    case 'approval_needed':
      // Each refused pay-out has a record of its own: `payout_refused`.
      if (route === 'addCashMovement') return null;
      return { ...who, type: 'denied', details: { route, code, detail } };
    case 'not_found':
      if (!actor || shopId === null || hasShop) return null;
      return { ...who, type: 'denied', details: { route, code: 'other_shop', shopId } };
    case 'pairing_refused':
      return { ...who, type: 'pairing_failed', details: { route, code } };
    case 'too_many_requests':
      return { ...who, type: 'limited', details: { route, code, retryAfter: extra.retryAfter ?? null } };
    default:
      return null;
  }
}
