import { revokeDevice } from '../../core/devices/change-device.ts';
import { findDeviceByName } from '../../core/devices/find-devices.ts';
import { atShop } from '../at-shop.ts';
import { type Command, DEVICE_ARGUMENT, SHOP_OPTION } from '../command.ts';

export const deviceRevoke: Command = {
  name: 'device revoke',
  summary: 'Shut a device out, at once: a tablet that was lost or sold',
  arguments: [DEVICE_ARGUMENT],
  options: [SHOP_OPTION],
  example: 'smoocho device revoke "Till 2" --shop PIZA',
  async run(shell, { shop: code }, [which]) {
    await atShop(shell, code, async ({ shop, context }) => {
      const { id } = await findDeviceByName(context.em, shop.id, which as string);
      const device = await revokeDevice(context, shop.id, id);
      shell.say(`${device.name} is revoked: whoever was signed in on it is signed out of ${shop.name}.`);
      shell.give(device);
    });
    return undefined;
  },
};
