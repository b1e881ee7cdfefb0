import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as activity from '../../contract/activity.ts';
import { type FeedPosition, formatPosition, listEvents } from '../../contract/events.ts';
import { requireStanding } from '../../core/auth/standing.ts';
import { eventsAfter, feedHead, resyncReason } from '../../core/events/read-events.ts';
import type { LiveFeed } from '../feed/sockets.ts';
import { mount } from '../mount.ts';

export function mountEvents(router: Router, app: App, { relay, presence }: LiveFeed): void {
  mount(router, app, listEvents, async ({ em, actor, params, query, http }) => {
    const { shopId } = params;
    const { after, limit, wait } = query;
    let head = await feedHead(em, shopId);
    if (after && wait > 0 && isAt(after, head)) {
      await relay.moved(shopId, after.seq, endOf(http.res, wait));
      // Whoever was signed out while they waited hears nothing more.
      await requireStanding({ app, em, actor }, shopId);
      head = await feedHead(em, shopId);
    }
    const resync = after ? resyncReason(after, head) : null;
    if (!after || resync) return { body: { data: [], position: formatPosition(head), resync } };
    const data = await eventsAfter(em, shopId, after.seq, limit);
    const position = { epoch: after.epoch, seq: data.at(-1)?.seq ?? after.seq };
    return { body: { data, position: formatPosition(position), resync: null } };
  });

  mount(router, app, activity.listActivity, async ({ params }) => ({
    body: { data: presence.list(params.shopId) },
  }));
}

const isAt = (after: FeedPosition, head: FeedPosition) =>
  after.epoch === head.epoch && after.seq === head.seq;

/** After so many seconds, or when the client hangs up. */
function endOf(answer: { once(event: 'close', listener: () => void): unknown }, seconds: number) {
  const hungUp = new AbortController();
  answer.once('close', () => hungUp.abort());
  return AbortSignal.any([hungUp.signal, AbortSignal.timeout(seconds * 1000)]);
}
