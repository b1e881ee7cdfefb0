import type { Context } from 'koa';
import { routes } from '../../contract/routes.ts';

export const METRICS_PATH = '/metrics';

/** Of what is not in the route table. */
const others: Record<string, string> = {
  '/healthz': 'healthz',
  '/readyz': 'readyz',
  [METRICS_PATH]: 'metrics',
  '/api/openapi.json': 'openapi',
  '/': 'home',
  '/pair': 'pairPage',
  '/set-up': 'setUpPage',
  '/ca': 'ca',
  '/ca.pem': 'caPem',
};

const names = new Map(routes.map(({ method, path, name }) => [`${method.toUpperCase()} ${path}`, name]));

/**
 * The name of a request's line in the route table; `none` where there is none, or where the request was refused before it
 * came to one. Never a path: those have ids in them, and anybody can make up more.
 */
export function routeLabel(ctx: Context): string {
  const { _matchedRoute: path } = ctx as Context & { _matchedRoute?: unknown };
  if (typeof path !== 'string') return ctx.path === METRICS_PATH ? 'metrics' : 'none';
  const method = ctx.method === 'HEAD' ? 'GET' : ctx.method;
  return names.get(`${method} ${path}`) ?? others[path] ?? 'none';
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);

export const methodLabel = (method: string): string => (METHODS.has(method) ? method : 'other');
