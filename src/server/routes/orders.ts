import type Router from '@koa/router';
import type { App } from '../../app.ts';
import { replayOrders as replayRoute } from '../../contract/offline-orders.ts';
import * as contract from '../../contract/orders.ts';
import { listOrders } from '../../core/orders/find-orders.ts';
import { placeOrder } from '../../core/orders/place-order.ts';
import { refundOrder } from '../../core/orders/refund-order.ts';
import { replayOrders } from '../../core/orders/replay-orders.ts';
import { reviewOrder } from '../../core/orders/review-order.ts';
import { showOrder } from '../../core/orders/show-order.ts';
import { updateOrder } from '../../core/orders/update-order.ts';
import { voidOrder } from '../../core/orders/void-order.ts';
import { mount } from '../mount.ts';

export function mountOrders(router: Router, app: App): void {
  mount(router, app, contract.listOrders, async ({ em, params, query }) => ({
    body: await listOrders(em, params.shopId, query),
  }));

  mount(router, app, contract.placeOrder, async ({ em, actor, params, body }) => {
    const { order, isReplay } = await placeOrder({ app, em, actor }, params.shopId, body);
    return { status: isReplay ? 200 : 201, body: order };
  });

  mount(router, app, replayRoute, async ({ em, actor, params, body }) => ({
    body: { data: await replayOrders({ app, em, actor }, params.shopId, body.orders) },
  }));

  mount(router, app, contract.getOrder, async ({ em, actor, params }) => ({
    body: await showOrder({ app, em, actor }, params.shopId, params.orderId),
  }));

  mount(router, app, contract.updateOrder, async ({ em, actor, params, body }) => ({
    body: await updateOrder({ app, em, actor }, params.shopId, params.orderId, body),
  }));

  mount(router, app, contract.voidOrder, async ({ em, actor, params, body }) => ({
    body: await voidOrder({ app, em, actor }, params.shopId, params.orderId, body),
  }));

  mount(router, app, contract.refundOrder, async ({ em, actor, params, body }) => {
    const { shopId, orderId } = params;
    const { order, isReplay } = await refundOrder({ app, em, actor }, shopId, orderId, body);
    return { status: isReplay ? 200 : 201, body: order };
  });

  mount(router, app, contract.reviewOrder, async ({ em, actor, params }) => ({
    body: await reviewOrder({ app, em, actor }, params.shopId, params.orderId),
  }));
}
