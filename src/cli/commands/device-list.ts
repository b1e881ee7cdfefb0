import type { Device } from '../../contract/devices.ts';
import { limits } from '../../contract/primitives.ts';
import { listDevices } from '../../core/devices/find-devices.ts';
import { viewDevice } from '../../core/devices/view-device.ts';
import { readPages } from '../../core/paging.ts';
import type { Shop } from '../../core/shops/shop.entity.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { clockIn } from '../output/clock.ts';
import { table } from '../output/table.ts';

export const deviceList: Command = {
  name: 'device list',
  summary: 'List the devices that were paired with a shop',
  options: [SHOP_OPTION],
  example: 'smoocho device list --shop PIZA',
  async run(shell, { shop: code }) {
    await atShop(shell, code, async ({ shop, context: { em } }) => {
      const limit = limits.page.max;
      const rows = await readPages((cursor) => listDevices(em, shop.id, { limit, cursor }));
      const devices: Device[] = rows.map(viewDevice);
      shell.show(devices.length === 0 ? 'No device is paired yet.' : readable(devices, shop));
      shell.give(devices);
    });
    return undefined;
  },
};

function readable(devices: Device[], { timezone }: Shop): string {
  const clock = clockIn(timezone);
  return table(devices, [
    { title: 'name', value: (device) => device.name },
    { title: 'series', value: (device) => device.series ?? '' },
    { title: 'paired', value: (device) => clock(device.pairedAt) },
    { title: 'last seen', value: (device) => clock(device.lastSeenAt) },
    { title: 'revoked', value: (device) => clock(device.revokedAt) },
    { title: 'id', value: (device) => device.id },
  ]);
}
