import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/shifts.ts';
import { addCashMovement } from '../../core/shifts/add-cash-movement.ts';
import { closeShift } from '../../core/shifts/close-shift.ts';
import { listShifts } from '../../core/shifts/find-shifts.ts';
import { openShift } from '../../core/shifts/open-shift.ts';
import { shiftReport } from '../../core/shifts/shift-report.ts';
import { viewShift } from '../../core/shifts/view-shift.ts';
import { mount } from '../mount.ts';

export function mountShifts(router: Router, app: App): void {
  mount(router, app, contract.listShifts, async ({ em, params, query }) => {
    const page = await listShifts(em, params.shopId, query);
    return { body: { ...page, data: page.data.map(viewShift) } };
  });

  mount(router, app, contract.openShift, async ({ em, actor, params, body }) => {
    const { shift, isReplay } = await openShift({ app, em, actor }, params.shopId, body);
    return { status: isReplay ? 200 : 201, body: shift };
  });

  mount(router, app, contract.addCashMovement, async ({ em, actor, params, body, http }) => {
    const { shopId, shiftId } = params;
    const { shift, isReplay } = await addCashMovement({ app, em, actor }, shopId, shiftId, body, http.ip);
    return { status: isReplay ? 200 : 201, body: shift };
  });

  mount(router, app, contract.closeShift, async ({ em, actor, params, body }) => ({
    body: await closeShift({ app, em, actor }, params.shopId, params.shiftId, body),
  }));

  mount(router, app, contract.getShiftReport, async ({ em, actor, params }) => ({
    body: await shiftReport({ app, em, actor }, params.shopId, params.shiftId),
  }));
}
