import { parse } from '../../contract/parse.ts';
import { ShopChange } from '../../contract/shops.ts';
import { findShop } from '../../core/shops/find-shops.ts';
import { updateShop } from '../../core/shops/update-shop.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { fieldsOf, requireSome } from '../fields.ts';
import { printChanges } from '../output/changes.ts';

export const shopSet: Command = {
  name: 'shop set',
  summary: "Change a shop's name, time zone or day start; until its first order also code and currency",
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'as it stands on the receipt' },
    { flags: '--timezone <zone>', description: 'IANA name, such as Asia/Kolkata' },
    { flags: '--day-start <time>', description: 'when its business day begins, such as 04:00' },
    { flags: '--code <code>', description: "2 to 4 letters in front of every bill's number" },
    { flags: '--currency <code>', description: 'ISO 4217, such as INR' },
  ],
  example: 'smoocho shop set --shop PIZA --day-start 04:00',
  async run(shell, options) {
    const change = parse(ShopChange, requireSome(fieldsOf(ShopChange, options)));
    await atShop(shell, options.shop, async ({ app, shop }) => {
      const { before, after } = await changeRead(
        { app },
        async ({ em }) => viewShop(await findShop(em, shop.id)),
        async (context, { version }) => viewShop(await updateShop(context, shop.id, { version, ...change })),
      );
      printChanges(shell, before.name, before, after);
      shell.give(after);
    });
    return undefined;
  },
};
