import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/shops.ts';
import { createShop } from '../../core/shops/create-shop.ts';
import { findShop, listShopsOf } from '../../core/shops/find-shops.ts';
import { viewSettings } from '../../core/shops/settings.ts';
import { updateSettings, updateShop } from '../../core/shops/update-shop.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import { mount } from '../mount.ts';

export function mountShops(router: Router, app: App): void {
  mount(router, app, contract.listShops, async ({ em, actor }) => ({
    body: { data: (await listShopsOf(em, actor)).map(viewShop), nextCursor: null },
  }));

  mount(router, app, contract.createShop, async ({ em, actor, body }) => ({
    body: viewShop(await createShop({ app, em, actor }, body, actor.id)),
  }));

  mount(router, app, contract.getShop, async ({ em, params }) => ({
    body: viewShop(await findShop(em, params.shopId)),
  }));

  mount(router, app, contract.updateShop, async ({ em, actor, params, body }) => ({
    body: viewShop(await updateShop({ app, em, actor }, params.shopId, body)),
  }));

  mount(router, app, contract.getSettings, async ({ em, params }) => ({
    body: viewSettings(await findShop(em, params.shopId)),
  }));

  mount(router, app, contract.updateSettings, async ({ em, actor, params, body }) => ({
    body: viewSettings(await updateSettings({ app, em, actor }, params.shopId, body)),
  }));
}
