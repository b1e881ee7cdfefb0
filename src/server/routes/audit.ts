import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/audit.ts';
import { listAudit } from '../../core/audit/list-audit.ts';
import { mount } from '../mount.ts';

export function mountAudit(router: Router, app: App): void {
  mount(router, app, contract.listAudit, async ({ em, params, query }) => ({
    body: await listAudit(em, params.shopId, query),
  }));
}
