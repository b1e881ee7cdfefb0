import { parse } from '../../contract/parse.ts';
import { type Settings, SettingsChange, Settings as View } from '../../contract/settings.ts';
import { findShop } from '../../core/shops/find-shops.ts';
import { viewSettings } from '../../core/shops/settings.ts';
import { updateSettings } from '../../core/shops/update-shop.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, FILE_OPTION, SHOP_OPTION } from '../command.ts';
import { readFields, requireSome } from '../fields.ts';
import { changesOf, printChanges } from '../output/changes.ts';
import { changeOf, readAssignment } from '../settings-paths.ts';

export const settingsSet: Command = {
  name: 'settings set',
  summary: 'Change settings, one or several at once: all of them, or none when one is wrong',
  arguments: [
    {
      name: 'setting=value',
      description: 'such as tax.mode=inclusive; a list or a group as JSON',
      isOptional: true,
      isVariadic: true,
    },
  ],
  options: [SHOP_OPTION, FILE_OPTION],
  example: 'smoocho settings set tax.mode=inclusive kitchen.enabled=true --shop PIZA',
  async run(shell, { shop: code, file }, words) {
    const assignments = words.filter((word) => word !== undefined).map(readAssignment);
    const fields = await readFields(file, SettingsChange, View);
    const changeFrom = (before: Settings) =>
      parse(SettingsChange, requireSome(changeOf(assignments, before, fields)));
    await atShop(shell, code, async ({ app, shop }) => {
      const { before, after } = await changeRead(
        { app },
        async ({ em }) => viewSettings(await findShop(em, shop.id)),
        async (context, was) =>
          viewSettings(await updateSettings(context, shop.id, { version: was.version, ...changeFrom(was) })),
        fields.version as number | undefined,
      );
      printChanges(shell, shop.name, before, after);
      shell.give({ changed: changesOf(before, after), settings: after });
    });
    return undefined;
  },
};
