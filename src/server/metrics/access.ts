import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import type { App } from '../../app.ts';
import { bearerToken } from '../bearer.ts';
import type { Callers } from '../edge/callers.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** What proxies add, each in its own way: whoever sends one of these speaks for somebody else. */
const OF_PROXIES = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
];
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Whether a request may read the metrics. */
export type MetricsAccess = (request: IncomingMessage) => boolean;

/**
 * With METRICS_TOKEN: whoever sends it, and nobody else. Without: programs of this machine. That is the other end of the
 * connection, whatever headers say, and only where nothing hints at a proxy on this machine that speaks for the world.
 */
export function metricsAccess(
  { config: { metricsToken, metricsProblem } }: Pick<App, 'config'>,
  callers: Callers,
): MetricsAccess {
  if (metricsProblem !== undefined) return () => false;
  if (metricsToken !== undefined) {
    const wanted = digest(metricsToken);
    return ({ headers: { authorization = '' } }) => {
      const token = bearerToken(authorization);
      // Of digests, for texts of different lengths can't be compared in constant time.
      return typeof token === 'string' && timingSafeEqual(digest(token), wanted);
    };
  }
  return (request) => {
    const peer = callers.addressOf(request.socket);
    return (
      loopback.check(peer, isIPv6(peer) ? 'ipv6' : 'ipv4') &&
      !callers.isProxy(peer) &&
      // Proxies ask in HTTP/1.0 where nobody told them otherwise; what scrapes doesn't.
      request.httpVersion !== '1.0' &&
      LOOPBACK_NAME.test(request.headers.host ?? '') &&
      OF_PROXIES.every((name) => request.headers[name] === undefined)
    );
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();
