import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/auth.ts';
import { listPinPeople, signInWithPin } from '../../core/auth/pin-sign-in.ts';
import { register } from '../../core/auth/register.ts';
import { endSession, listSessions, refreshSession } from '../../core/auth/sessions.ts';
import { signIn } from '../../core/auth/sign-in.ts';
import { listShopsOf } from '../../core/shops/find-shops.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import { findUser } from '../../core/users/find-user.ts';
import { updateProfile } from '../../core/users/update-profile.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { mount } from '../mount.ts';

export function mountAuth(router: Router, app: App): void {
  mount(router, app, contract.login, async ({ em, body, http }) => ({
    body: await signIn({ app, em }, body, http.ip),
  }));

  mount(router, app, contract.pinLogin, async ({ em, body, http }) => ({
    body: await signInWithPin({ app, em }, body, http.ip),
  }));

  mount(router, app, contract.listPinPeople, async ({ em, body }) => ({
    body: { data: await listPinPeople(em, body.device) },
  }));

  mount(router, app, contract.refresh, async ({ em, body, http }) => ({
    body: await refreshSession({ app, em }, body, http.ip),
  }));

  mount(router, app, contract.register, async ({ em, actor, body, http }) => {
    const { user, shop } = await register({ app, em, actor }, body, http.ip);
    return { body: { user: viewUser(user), shop: shop && viewShop(shop) } };
  });

  mount(router, app, contract.logout, async ({ em, actor, http }) => {
    await endSession({ app, em, actor }, actor.sessionId, http.ip);
    return {};
  });

  mount(router, app, contract.listSessions, async ({ em, actor }) => ({
    body: { data: await listSessions({ app, em }, actor.id, actor.sessionId), nextCursor: null },
  }));

  mount(router, app, contract.endSession, async ({ em, actor, params, http }) => {
    await endSession({ app, em, actor }, params.sessionId, http.ip);
    return {};
  });

  mount(router, app, contract.getProfile, async ({ em, actor }) => {
    const user = await findUser(em, actor.id);
    const shops = await listShopsOf(em, user);
    return { body: { user: viewUser(user), shops: shops.map(viewShop) } };
  });

  mount(router, app, contract.updateProfile, async ({ em, actor, body, http }) => ({
    body: viewUser(await updateProfile({ app, em, actor }, body, http.ip)),
  }));
}
