import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/inventory.ts';
import { listItems, listMovements } from '../../core/inventory/list-items.ts';
import { createItem, updateItem } from '../../core/inventory/save-item.ts';
import { viewItem } from '../../core/inventory/view-item.ts';
import { mount } from '../mount.ts';

export function mountInventory(router: Router, app: App): void {
  mount(router, app, contract.listInventory, async ({ em, params, query }) => {
    const page = await listItems(em, params.shopId, query);
    return { body: { ...page, data: page.data.map(viewItem) } };
  });

  mount(router, app, contract.createInventoryItem, async ({ em, actor, params, body }) => ({
    body: viewItem(await createItem({ app, em, actor }, params.shopId, body)),
  }));

  mount(router, app, contract.updateInventoryItem, async ({ em, actor, params, body }) => ({
    body: viewItem(await updateItem({ app, em, actor }, params.shopId, params.itemId, body)),
  }));

  mount(router, app, contract.listMovements, async ({ em, params, query }) => ({
    body: await listMovements(em, params.shopId, params.itemId, query),
  }));
}
