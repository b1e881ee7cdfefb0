import type { IncomingMessage } from 'node:http';
import type { App } from '../../app.ts';
import { type Caller, type Callers, readCallers } from './callers.ts';
import { createHostCheck, createOriginCheck, type HostCheck, type OriginCheck } from './names.ts';

/** What stands between the network and everything else; Koa and the live feed look through the same. */
export type Edge = {
  callers: Callers;
  checkHost: HostCheck;
  origins: OriginCheck;
  /** Both checks at once. Throws `bad_request`, `host_refused`, `origin_refused`. */
  admit(request: IncomingMessage): Caller;
};

export function openEdge({ config: { edge } }: Pick<App, 'config'>): Edge {
  const callers = readCallers(edge.trustedProxies);
  const checkHost = createHostCheck(edge);
  const origins = createOriginCheck(edge);
  return {
    callers,
    checkHost,
    origins,
    admit(request) {
      const caller = callers.of(request);
      checkHost(caller);
      origins.check(request.headers.origin, caller);
      return caller;
    },
  };
}
