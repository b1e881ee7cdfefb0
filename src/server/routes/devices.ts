import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/devices.ts';
import { renameDevice, revokeDevice } from '../../core/devices/change-device.ts';
import { createPairingCode } from '../../core/devices/create-pairing-code.ts';
import { listDevices } from '../../core/devices/find-devices.ts';
import { leaseNumbers } from '../../core/devices/lease-numbers.ts';
import { pairDevice } from '../../core/devices/pair-device.ts';
import { viewDevice, viewPaired, viewPairingCode } from '../../core/devices/view-device.ts';
import { mount } from '../mount.ts';

export function mountDevices(router: Router, app: App): void {
  mount(router, app, contract.listDevices, async ({ em, params, query }) => {
    const page = await listDevices(em, params.shopId, query);
    return { body: { ...page, data: page.data.map(viewDevice) } };
  });

  mount(router, app, contract.createPairingCode, async ({ em, actor, params, body }) => ({
    body: viewPairingCode(await createPairingCode({ app, em, actor }, params.shopId, body.name)),
  }));

  mount(router, app, contract.pairDevice, async ({ em, body, http }) => ({
    body: viewPaired(await pairDevice({ app, em }, http.ip, body)),
  }));

  mount(router, app, contract.renameDevice, async ({ em, actor, params, body }) => ({
    body: await renameDevice({ app, em, actor }, params.shopId, params.deviceId, body),
  }));

  mount(router, app, contract.revokeDevice, async ({ em, actor, params }) => ({
    body: await revokeDevice({ app, em, actor }, params.shopId, params.deviceId),
  }));

  mount(router, app, contract.leaseNumbers, async ({ em, actor, params, body }) => {
    const context = { app, em, actor };
    const { lease, isReplay } = await leaseNumbers(context, params.shopId, params.deviceId, body);
    return { status: isReplay ? 200 : 201, body: lease };
  });
}
