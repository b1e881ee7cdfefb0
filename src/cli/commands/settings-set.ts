import { parse } from '../../contract/parse.ts';
import { type Settings, SettingsChange, Settings as View } from '../../contract/settings.ts';
import { type TaxTemplateName, taxTemplateNames, taxTemplates } from '../../contract/tax-templates.ts';
import { findShop } from '../../core/shops/find-shops.ts';
import { viewSettings } from '../../core/shops/settings.ts';
import { updateSettings } from '../../core/shops/update-shop.ts';
import { atShop, changeRead } from '../at-shop.ts';
import { type Command, FILE_OPTION, SHOP_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { readFields, requireSome } from '../fields.ts';
import { changesOf, printChanges } from '../output/changes.ts';
import { changeOf, readAssignment } from '../settings-paths.ts';

export const settingsSet: Command = {
  name: 'settings set',
  summary: 'Change settings, one or several at once: all of them, or none when one is wrong',
  arguments: [
    {
      name: 'setting=value',
      description: 'such as tax.mode=inclusive, as many as are to change; a list or a group as JSON',
      isOptional: true,
      isVariadic: true,
    },
  ],
  options: [
    SHOP_OPTION,
    FILE_OPTION,
    {
      flags: '--tax <template>',
      description: `the taxes of a template, by the shop's country: ${taxTemplateNames.join(', ')}`,
      values: taxTemplateNames,
    },
    { flags: '--tax-rate <percent>', description: 'of sales-tax, such as 8.875' },
  ],
  example: 'smoocho settings set tax.mode=inclusive tax.state=27 --shop PIZA',
  async run(shell, { shop: code, file, tax, taxRate }, words) {
    const taxesFor = readTaxes(tax, taxRate);
    const assignments = words.filter((word) => word !== undefined).map(readAssignment);
    const fields = await readFields(file, SettingsChange, View);
    const changeFrom = (before: Settings) =>
      parse(SettingsChange, requireSome(changeOf(assignments, before, { ...taxesFor(before), ...fields })));
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

/** The settings of a tax template by the shop's country; none without one. Throws UsageError. */
function readTaxes(template: unknown, rate: unknown): (before: Settings) => Record<string, unknown> {
  if (template === undefined) {
    if (rate !== undefined) throw new UsageError('--tax-rate is for --tax sales-tax.');
    return () => ({});
  }
  const name = taxTemplateNames.find((known): known is TaxTemplateName => known === template);
  if (!name) throw new UsageError(`--tax is none of ${taxTemplateNames.join(', ')}.`);
  if (name === 'sales-tax' && rate === undefined)
    throw new UsageError('--tax sales-tax needs --tax-rate, such as 8.875.');
  const { countries, settings } = taxTemplates[name];
  return ({ country }) => {
    if (countries && !countries.includes(country))
      throw new UsageError(
        `The shop's country is ${country || 'not set'}, and ${name} is for ${countries.join(', ')}. Set it first, such as: smoocho settings set country=${countries[0]}`,
      );
    return settings({ country, rate: String(rate ?? '') });
  };
}
