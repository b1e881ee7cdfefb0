import { systemContext } from '../../app.ts';
import { parse } from '../../contract/parse.ts';
import { NewShop } from '../../contract/shops.ts';
import { createShop } from '../../core/shops/create-shop.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import { findOwner } from '../../core/users/find-user.ts';
import type { Command } from '../command.ts';

export const shopCreate: Command = {
  name: 'shop create',
  summary: 'Open another shop',
  options: [
    { flags: '--name <name>', description: 'as it stands on the receipt', required: true },
    { flags: '--code <code>', description: "2 to 4 letters in front of every bill's number", required: true },
    { flags: '--currency <code>', description: 'ISO 4217, such as INR', required: true },
    { flags: '--timezone <zone>', description: 'IANA name, such as Asia/Kolkata', required: true },
    { flags: '--owner <email>', description: 'its owner (default: the only owner there is)' },
  ],
  example: 'smoocho shop create --name "Pizza Place" --code PIZA --currency USD --timezone America/New_York',
  async run(shell, { name, code, currency, timezone, owner }) {
    const newShop = parse(NewShop, { name, code, currency, timezone });
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const { id } = await findOwner(context.em, owner as string | undefined);
      const shop = await createShop(context, newShop, id);
      shell.say(`${shop.name} (${shop.code}) is open.`);
      shell.give(viewShop(shop));
    });
    return undefined;
  },
};
