import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/products.ts';
import { listProducts, readProduct } from '../../core/catalog/load-products.ts';
import { createProduct, deleteProduct, updateProduct } from '../../core/catalog/save-product.ts';
import { viewProduct } from '../../core/catalog/view-product.ts';
import { mount } from '../mount.ts';

export function mountProducts(router: Router, app: App): void {
  mount(router, app, contract.listProducts, async ({ em, params, query }) => {
    const page = await listProducts(em, params.shopId, query);
    return { body: { ...page, data: page.data.map((product) => viewProduct(product, app.keys)) } };
  });

  mount(router, app, contract.createProduct, async ({ em, actor, params, body }) => ({
    body: viewProduct(await createProduct({ app, em, actor }, params.shopId, body), app.keys),
  }));

  mount(router, app, contract.getProduct, async ({ em, params }) => ({
    body: viewProduct(await readProduct(em, params.shopId, params.productId), app.keys),
  }));

  mount(router, app, contract.updateProduct, async ({ em, actor, params, body }) => ({
    body: viewProduct(
      await updateProduct({ app, em, actor }, params.shopId, params.productId, body),
      app.keys,
    ),
  }));

  mount(router, app, contract.deleteProduct, async ({ em, actor, params, body }) => {
    await deleteProduct({ app, em, actor }, params.shopId, params.productId, body);
    return {};
  });
}
