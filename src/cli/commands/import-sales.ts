import { withClient } from '../../app.ts';
import { formatMinor } from '../../contract/money.ts';
import { cliActor, eventActor } from '../../core/context.ts';
import { type ImportedSales, importSales as importSalesFile } from '../../core/imports/import-sales.ts';
import { settingsOf } from '../../core/shops/settings.ts';
import type { Shop } from '../../core/shops/shop.entity.ts';
import { count } from '../../figures.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { describeBadRows, fileOptions, openFile, readFileOptions } from '../import-file.ts';
import { formatCount, formatMoney } from '../output/format.ts';

export const importSales: Command = {
  name: 'import sales',
  summary: 'Bring in past sales from a CSV of bill lines; the same file again adds nothing',
  arguments: [{ name: 'file', description: 'CSV, or CSV with gzip' }],
  options: [
    SHOP_OPTION,
    ...fileOptions,
    { flags: '--date-format <tokens>', description: "date and time together, such as 'dd/MM/yy HH:mm'" },
    { flags: '--currency <code>', description: "what the file is in; only the shop's own is taken" },
    { flags: '--allow-returns', description: 'negative quantities are refunds, instead of bad rows' },
  ],
  example:
    'smoocho import sales docs/data/pizza-sales-2015.csv.gz --shop PIZA --columns ' +
    'order=order_id,date=date,time=time,sku=sku,product=pizza_name,variant=size,category=category,' +
    'quantity=quantity,price=unit_price',
  async run(shell, options, [path]) {
    const file = { ...readFileOptions(options), dateFormat: options.dateFormat as string | undefined };
    await atShop(shell, options.shop, async ({ app, shop }) => {
      const { source, progress } = openFile(path as string);
      const imported = await withClient(app.databaseUrl, (client) =>
        importSalesFile(client, salesShop(shop), source, {
          ...file,
          currency: options.currency as string | undefined,
          allowReturns: options.allowReturns === true,
          now: app.now(),
          actor: eventActor(cliActor(app.config)),
          onProgress: ({ bytes, rows }) => progress.update(bytes, count(rows, 'row')),
        }),
      ).finally(() => progress.stop());
      shell.say(...describe(shop, imported, file.dryRun));
      shell.give(view(imported, file.dryRun));
    });
    return undefined;
  },
};

function salesShop(shop: Shop) {
  const { id, code, currency, timezone } = shop;
  const { dayStart, fiscalYearStart } = settingsOf(shop);
  return { id, code, currency, timezone, dayStart, fiscalYearStart };
}

function view({ totalMinor, refundedMinor, ...imported }: ImportedSales, dryRun: boolean) {
  const linesPerSecond = Math.round(imported.rows / imported.seconds);
  return {
    dryRun,
    ...imported,
    total: formatMinor(totalMinor),
    refunded: formatMinor(refundedMinor),
    linesPerSecond,
  };
}

function describe(shop: Shop, imported: ImportedSales, dryRun: boolean): string[] {
  const { rows, lines, orders, refunds, existingOrders, existingRefunds, products, variants, seconds } =
    imported;
  const money = (minor: number) => `${formatMoney(formatMinor(minor), shop.currency)} ${shop.currency}`;
  const refunded = refunds > 0 ? `, and ${count(refunds, 'refund')} of ${money(imported.refundedMinor)}` : '';
  const known = existingOrders + existingRefunds;
  const done = dryRun ? 'Would bring' : 'Brought';
  return [
    `${done} ${count(orders, 'order')} with ${count(lines, 'line')} and ${money(imported.totalMinor)} into ${shop.name}${refunded}.`,
    ...(known > 0
      ? [`${count(known, 'order')} of the file ${known === 1 ? 'was' : 'were'} there already.`]
      : []),
    ...(products + variants > 0
      ? [`New on the menu: ${count(products, 'product')}, ${count(variants, 'variant')}.`]
      : []),
    ...describeWeighed(imported.soldByWeight),
    ...describeBadRows(imported.bad, imported.badCount),
    `${count(rows, 'row')} in ${seconds.toFixed(2)} s: ${formatCount(Math.round(rows / seconds))} rows a second.`,
    ...(dryRun ? ['Nothing was written.'] : nextStep(shop, imported)),
  ];
}

/** Products named in the message; the rest are counted. */
const SHOWN_WEIGHED = 20;

function describeWeighed(names: string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN_WEIGHED ? ` and ${formatCount(names.length - SHOWN_WEIGHED)} more` : '';
  const shown = names.slice(0, SHOWN_WEIGHED).join(', ');
  return [`Sold in fractions, so by weight (kg) from now on: ${shown}${more}. Check these products.`];
}

function nextStep(shop: Shop, { from, to, orders }: ImportedSales): string[] {
  if (orders === 0 || !from || !to) return [];
  return [`See them: smoocho report sales --shop ${shop.code} --from ${from} --to ${to} --group-by month`];
}
