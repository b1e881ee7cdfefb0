import type { CallInput, Route } from '../contract/route.ts';

export type CallOptions = {
  /** Default: the client's. */
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** A route that takes nothing that has to be said is called without an input. */
export type CallArguments<R extends Route> =
  Record<never, never> extends CallInput<R>
    ? [input?: CallInput<R>, options?: CallOptions]
    : [input: CallInput<R>, options?: CallOptions];

/** Input of any route, for the code that sends it. */
export type AnyInput = {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
};

/** `/api/shops/:shopId/products` and its parts → the address. Throws TypeError for a parameter that is missing. */
export function pathOf(route: Route, { params = {}, query = {} }: AnyInput): string {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = params[name];
    if (typeof value !== 'string' || value === '') throw new TypeError(`${route.name} needs params.${name}.`);
    return encodeURIComponent(value);
  });
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) asked.set(name, String(value));
  }
  return asked.size > 0 ? `${path}?${asked}` : path;
}
