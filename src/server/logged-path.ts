import type { Context } from 'koa';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * The path as the log has it: of one of our routes, with the ids in it. What stands elsewhere may be a token or a password that
 * went there by mistake.
 */
export function loggedPath(ctx: Context): string {
  const { _matchedRoute: route, params = {} } = ctx as Context & {
    _matchedRoute?: unknown;
    params?: Record<string, string>;
  };
  if (typeof route !== 'string') return '…';
  return route.replace(/:(\w+)/g, (_, name: string) =>
    UUID.test(params[name] ?? '') ? (params[name] as string) : '…',
  );
}
