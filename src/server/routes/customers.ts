import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/customers.ts';
import { findCustomer, listCustomers } from '../../core/customers/find-customers.ts';
import { updateCustomer } from '../../core/customers/update-customer.ts';
import { mount } from '../mount.ts';

export function mountCustomers(router: Router, app: App): void {
  mount(router, app, contract.listCustomers, async ({ em, params, query }) => ({
    body: await listCustomers({ app, em }, params.shopId, query),
  }));

  mount(router, app, contract.getCustomer, async ({ em, params }) => ({
    body: await findCustomer({ app, em }, params.shopId, params.customerId),
  }));

  mount(router, app, contract.updateCustomer, async ({ em, actor, params, body }) => ({
    body: await updateCustomer({ app, em, actor }, params.shopId, params.customerId, body),
  }));
}
