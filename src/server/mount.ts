import type Router from '@koa/router';
import type { RouterContext } from '@koa/router';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Context as KoaContext } from 'koa';
import { z } from 'zod';
import type { App } from '../app.ts';
import { parse } from '../contract/parse.ts';
import { type Fault, ProblemError } from '../contract/problem.ts';
import { type Body, maxBodyBytesOf, type Params, type Query, type Route } from '../contract/route.ts';
import { isAtLeast } from '../contract/users.ts';
import { authenticate } from '../core/auth/authenticate.ts';
import { type AccessClaims, readAccessToken } from '../core/auth/tokens.ts';
import type { UserActor } from '../core/context.ts';
import { runOnce } from '../core/idempotency/run-once.ts';
import { bearerToken } from './bearer.ts';
import { bodyReader } from './body.ts';
import { idempotencyKeyOf } from './idempotency-key.ts';
import { tagOf, withIfMatch } from './if-match.ts';
import type { Asker } from './middleware/refusals.ts';
import { fileReader, type Upload, uploadsFolder } from './uploads.ts';

/** Null only for routes with permission `nobody`, and there only without a token that is read. */
type ActorOf<R extends Route> = R['permission'] extends 'nobody'
  ? R['tokenUnless'] extends string
    ? UserActor | null
    : null
  : UserActor;

export type Request<R extends Route> = {
  app: App;
  em: EntityManager;
  actor: ActorOf<R>;
  params: Params<R>;
  query: Query<R>;
  body: R['file'] extends readonly string[] ? Upload : Body<R>;
  /** For the few routes that look at more than their parsed parts, such as `Accept`. */
  http: KoaContext;
};

/** `headers` override those of every response. */
export type Answer = { status?: number; body?: unknown; type?: string; headers?: Record<string, string> };

/** What a route without a query or a body takes: whoever sends a field there is mistaken, and hears so. */
const NOTHING = z.strictObject({});

/**
 * Who holds back the end of a body decides when the request is made: after so long it is asked again whether they may, or
 * somebody who was shut out could keep a request open from before. As long as a socket may outlive its session.
 */
const LET_IN_MS = 1_000;

/** The body of a GET means nothing (RFC 9110 §9.3.1) and isn't read. */
const hasBody = (route: Route) => route.method !== 'get';

/**
 * Mounts a line of the route table: who, where, what, in this order, so that a stranger learns nothing from the
 * answer to a malformed body; then the handler, which calls one action and gives back a view.
 */
export function mount<R extends Route>(
  router: Router,
  app: App,
  route: R,
  handle: (request: Request<R>) => Promise<Answer>,
): void {
  const readJson = bodyReader(maxBodyBytesOf(route));
  const readFile = route.file && fileReader(route, uploadsFolder(app.config));
  const readParsed = async (ctx: KoaContext) =>
    parse(route.body ?? NOTHING, withIfMatch(route, ctx, await readJson(ctx)), '', route.checkedOneByOne);
  const usual = Number(Object.keys(route.responses)[0]);
  router[route.method](route.path, async (ctx) => {
    const em = app.orm.em.fork();
    const params = parseParams(route, ctx);
    const { shopId = null } = params as { shopId?: string };
    const letIn = async () => {
      const stranger: Asker = { route: route.name, shopId, actor: null, hasShop: false };
      // Whoever is refused is known by it.
      ctx.state.asker = stranger;
      const asker = (await readsToken(route, ctx, readJson))
        ? await identify(app, em, route, ctx, stranger)
        : stranger;
      ctx.state.asker = asker;
      permit(route, asker);
      return asker.actor;
    };
    let actor = await letIn();
    const letInAt = performance.now();
    const query = parse(route.query ?? NOTHING, { ...ctx.query }, '/query');
    if (route.file) withIfMatch(route, ctx, {});
    const upload = await readFile?.(ctx);
    try {
      const body = upload ?? (hasBody(route) ? await readParsed(ctx) : {});
      if (performance.now() - letInAt > LET_IN_MS) actor = await letIn();
      const parsed = { params, query, body };
      const answerWith = async (em: EntityManager): Promise<Answer> =>
        await handle({ app, em, actor, ...parsed, http: ctx } as unknown as Request<R>);
      const key = idempotencyKeyOf(route, ctx);
      const answer =
        key === undefined || actor === null
          ? await answerWith(em)
          : await runOnce(
              { app, em },
              { scopeId: shopId ?? actor.id, userId: actor.id, route: route.name, key },
              parsed,
              async (tx) => ({ status: usual, body: null, ...(await answerWith(tx)) }),
            );
      send(ctx, answer, usual);
    } finally {
      await upload?.remove();
    }
  });
}

/**
 * Names the methods of the address itself: `/orders/batch` also fits `/orders/:orderId`, whose methods it does not have. For
 * what the router says in `Allow` (RFC 9110 §10.2.1).
 */
export async function narrowAllow(ctx: RouterContext, next: () => Promise<unknown>): Promise<void> {
  await next();
  const fitting = (ctx.matched ?? []).filter(({ methods }) => methods.length > 0);
  if (!ctx.response.get('Allow') || fitting.length === 0) return;
  const fewest = Math.min(...fitting.map(({ paramNames }) => paramNames.length));
  const own = fitting.filter(({ paramNames }) => paramNames.length === fewest);
  ctx.set('Allow', [...new Set(own.flatMap(({ methods }) => methods))].join(', '));
}

function send(ctx: KoaContext, { status, body, type, headers }: Answer, usual: number): void {
  ctx.status = status ?? usual;
  ctx.body = body ?? null;
  if (type) ctx.type = type;
  ctx.set({ ...tagOf(body), ...headers });
}

/** An id that is no UUID names nothing that could be there: 404, with the field; or it is a word of another line's path: 405. */
function parseParams(route: Route, ctx: RouterContext): unknown {
  if (!route.params) return {};
  const result = route.params.safeParse(ctx.params);
  if (result.success) return result.data;
  // The router knows which lines have a path that fits, whatever their method.
  const fitting = ctx.matched ?? [];
  const words = fitting.filter(({ paramNames }) => paramNames.length < Object.keys(ctx.params).length);
  if (words.length > 0) {
    ctx.set('Allow', words.flatMap(({ methods }) => methods).join(', '));
    throw new ProblemError('method_not_allowed', { detail: 'This address has no such method.' });
  }
  const errors: Fault[] = result.error.issues.map((issue) => ({
    pointer: `/path/${String(issue.path[0])}`,
    detail: issue.message,
  }));
  throw new ProblemError('not_found', { detail: 'There is nothing at this address.', errors });
}

/**
 * Ignores the access token where none is needed: HTTP clients attach theirs to every request, and an expired one would keep
 * its user from signing in again. A body that can't be parsed is refused after the token, as elsewhere.
 */
async function readsToken(
  { permission, tokenUnless }: Route,
  ctx: KoaContext,
  readJson: (ctx: KoaContext) => Promise<unknown>,
): Promise<boolean> {
  if (permission !== 'nobody') return true;
  if (tokenUnless === undefined) return false;
  const body = await readJson(ctx).catch(() => null);
  return typeof body !== 'object' || body === null || !Object.hasOwn(body, tokenUnless);
}

/** Who calls, by the token that they send. */
async function identify(
  app: App,
  em: EntityManager,
  route: Route,
  ctx: KoaContext,
  stranger: Asker,
): Promise<Asker> {
  const token = bearerToken(ctx.get('authorization'));
  if (token === undefined) {
    throw new ProblemError('unauthenticated', { detail: 'Authorization is not of the form: Bearer …' });
  }
  if (token !== null) {
    const claims: AccessClaims = ctx.state.claims ?? (await readAccessToken(app, token));
    return { ...stranger, ...(await authenticate(app, em, claims, stranger.shopId)) };
  }
  if (route.permission === 'nobody') return stranger;
  throw new ProblemError('unauthenticated', { detail: 'Send the access token: Authorization: Bearer …' });
}

/** Another shop's things are not there (404); one's own may still not be for one's role (403). */
function permit({ permission }: Route, { actor, shopId, hasShop }: Asker): void {
  if (permission === 'nobody' || permission === 'any' || actor === null) return;
  if (shopId !== null && !hasShop) throw new ProblemError('not_found', { detail: 'There is no such shop.' });
  if (isAtLeast(actor.role, permission)) return;
  const least = permission === 'owner' ? 'an owner' : `a ${permission}`;
  const detail = `This needs ${least}; you are signed in as ${actor.role}.`;
  throw new ProblemError('forbidden', { detail });
}
