import { renameDevice as contract } from '../../contract/devices.ts';
import { parse } from '../../contract/parse.ts';
import { renameDevice } from '../../core/devices/change-device.ts';
import { findDeviceByName } from '../../core/devices/find-devices.ts';
import { atShop } from '../at-shop.ts';
import { type Command, DEVICE_ARGUMENT, SHOP_OPTION } from '../command.ts';

export const deviceRename: Command = {
  name: 'device rename',
  summary: 'Call a device something else',
  arguments: [DEVICE_ARGUMENT],
  options: [SHOP_OPTION, { flags: '--name <name>', description: 'its new name', required: true }],
  example: 'smoocho device rename "Till 2" --shop PIZA --name Terrace',
  async run(shell, { shop: code, name }, [which]) {
    const change = parse(contract.body, { name });
    await atShop(shell, code, async ({ shop, context }) => {
      const { id, name: before } = await findDeviceByName(context.em, shop.id, which as string);
      const device = await renameDevice(context, shop.id, id, change);
      shell.say(`${before} of ${shop.name} is called ${device.name} now.`);
      shell.give(device);
    });
    return undefined;
  },
};
