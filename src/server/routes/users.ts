import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/staff.ts';
import { changeUser } from '../../core/users/change-user.ts';
import { createUser } from '../../core/users/create-user.ts';
import { listUsersOf } from '../../core/users/list-users.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { mount } from '../mount.ts';

export function mountUsers(router: Router, app: App): void {
  mount(router, app, contract.listUsers, async ({ em, params }) => ({
    body: { data: (await listUsersOf(em, params.shopId)).map(viewUser), nextCursor: null },
  }));

  mount(router, app, contract.createUser, async ({ em, actor, params, body }) => ({
    body: viewUser(await createUser({ app, em, actor }, params.shopId, body)),
  }));

  mount(router, app, contract.updateUser, async ({ em, actor, params, body, http }) => {
    const where = { shopId: params.shopId, address: http.ip };
    const { user } = await changeUser({ app, em, actor }, where, params.userId, body);
    return { body: user };
  });

  mount(router, app, contract.deleteUser, async ({ em, actor, params, http }) => {
    const where = { shopId: params.shopId, address: http.ip };
    const { user } = await changeUser({ app, em, actor }, where, params.userId, { isDisabled: true });
    return { body: user };
  });
}
