import { formatMinor, quantityFromMilli } from '../../contract/money.ts';
import type { NewLine, NewOrder, Order as OrderView } from '../../contract/orders.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { formatPercent, type PricedLine, priceBill, resolveTaxPercent } from '../../pricing/index.ts';

export type GivenDiscount = NonNullable<NewOrder['discount']>;

/** A line with everything known that its price depends on, frozen when it came onto the bill. */
export type BillLine = {
  id: string;
  productId: string;
  variantId: string | null;
  name: string;
  variantName: string | null;
  category: string | null;
  sku: string | null;
  taxClass: string | null;
  unitPriceMinor: number;
  modifiers: { id: string; name: string; priceMinor: number }[];
  quantityMilli: number;
  discount: NewLine['discount'];
  note: string;
};

/** A priced bill, in the words of the order's entity: the figures in minor units, and its lines as they are frozen. */
export type Bill = {
  items: OrderView['items'];
  itemQuantityMilli: number;
  subtotalMinor: number;
  discountMinor: number;
  taxMinor: number;
  totalMinor: number;
  taxLines: OrderView['taxLines'];
  taxMode: OrderView['taxMode'];
  discountGiven: OrderView['discountGiven'];
};

/** Prices lines under the shop's tax rules of a business date. Throws `amount_too_large`. */
export function makeBill(
  lines: BillLine[],
  discount: GivenDiscount | null,
  tax: SettingsValues['tax'],
  businessDate: string,
): Bill {
  const percents = lines.map((line) =>
    resolveTaxPercent(tax.classes, line.taxClass, tax.defaultClass, businessDate),
  );
  const priced = priceBill({
    lines: lines.map((line, index) => ({
      unitPriceMinor: line.unitPriceMinor,
      modifierPricesMinor: line.modifiers.map((modifier) => modifier.priceMinor),
      quantityMilli: line.quantityMilli,
      discount: line.discount ?? null,
      taxClass: line.taxClass,
      taxPercent: percents[index] as number,
    })),
    discount,
    taxMode: tax.mode,
    taxSplit: tax.split,
  });
  return {
    items: lines.map((line, index) =>
      freeze(line, priced.lines[index] as PricedLine, percents[index] as number),
    ),
    itemQuantityMilli: lines.reduce((sum, line) => sum + line.quantityMilli, 0),
    subtotalMinor: priced.subtotalMinor,
    discountMinor: priced.discountMinor,
    taxMinor: priced.taxMinor,
    totalMinor: priced.totalMinor,
    taxLines: priced.taxLines.map(({ name, percent, taxableMinor, amountMinor }) => ({
      name,
      percent,
      taxable: formatMinor(taxableMinor),
      amount: formatMinor(amountMinor),
    })),
    taxMode: tax.mode,
    discountGiven: viewDiscount(discount),
  };
}

function freeze(line: BillLine, priced: PricedLine, taxPercent: number): OrderView['items'][number] {
  return {
    id: line.id,
    productId: line.productId,
    variantId: line.variantId,
    name: line.name,
    variantName: line.variantName,
    category: line.category,
    sku: line.sku,
    quantity: quantityFromMilli(line.quantityMilli),
    unitPrice: formatMinor(line.unitPriceMinor),
    modifiers: line.modifiers.map(({ id, name, priceMinor }) => ({
      id,
      name,
      price: formatMinor(priceMinor),
    })),
    note: line.note,
    subtotal: formatMinor(priced.subtotalMinor),
    discount: formatMinor(priced.discountMinor),
    discountGiven: viewDiscount(line.discount ?? null),
    taxClass: line.taxClass,
    taxPercent: formatPercent(taxPercent),
    tax: formatMinor(priced.taxMinor),
    total: formatMinor(priced.totalMinor),
  };
}

function viewDiscount(discount: GivenDiscount | null): OrderView['discountGiven'] {
  if (!discount) return null;
  const { type, value, reason } = discount;
  const shown = type === 'percentage' ? formatPercent(value) : formatMinor(value);
  return { type, value: shown, ...(reason === undefined ? {} : { reason }) };
}
