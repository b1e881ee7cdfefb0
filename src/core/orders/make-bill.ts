import type { Digits } from '../../contract/currencies.ts';
import { formatMinor, quantityFromMilli } from '../../contract/money.ts';
import type { NewLine, NewOrder, Order as OrderView } from '../../contract/orders.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import {
  formatPercent,
  type PricedBill,
  type PricedLine,
  priceBill,
  resolveTaxPercent,
  taxSplitFor,
} from '../../pricing/index.ts';
import { roundMinor } from '../shops/whole-amounts.ts';
import { costOf, type FrozenRecipe, freezeRecipe, type RecipePart } from './line-stock.ts';

export type GivenDiscount = NonNullable<NewOrder['discount']>;

/** A line with everything that its price depends on, as it was when the line came onto the bill. */
export type BillLine = {
  id: string;
  productId: string;
  variantId: string | null;
  name: string;
  variantName: string | null;
  category: string | null;
  sku: string | null;
  hsn: string | null;
  /** Null on lines from before products had `soldBy`. */
  soldBy: OrderView['items'][number]['soldBy'];
  unit: string | null;
  taxClass: string | null;
  /** Thousandths of a per cent, only for goods that the shop doesn't know; otherwise the tax class decides. */
  taxPercent?: number;
  unitPriceMinor: number;
  /** The menu's price, where another one was set. */
  listPriceMinor: number | null;
  modifiers: { id: string; name: string; priceMinor: number }[];
  quantityMilli: number;
  discount: NewLine['discount'];
  note: string;
  recipe: RecipePart[];
};

/** What the price of a bill depends on beside its lines. */
export type BillTerms = {
  discount: GivenDiscount | null;
  orderType: OrderView['orderType'];
  placeOfSupply: string | null;
  waivesServiceCharge: boolean;
  /** Decimals of the shop's currency. */
  digits: Digits;
};

/** What a line took from stock and what that cost. The bill doesn't show it. */
export type LineStock = { recipe: FrozenRecipe; cost: string | null };

/** A priced bill: figures in minor units, named as the order's columns are, and the lines as the order keeps them. */
export type Bill = {
  items: OrderView['items'];
  lineStock: LineStock[];
  /** In the order of `items`. */
  pricedLines: PricedLine[];
  /** The total before rounding, which depends on how it is paid. */
  exactMinor: number;
  digits: Digits;
  figures: {
    itemQuantityMilli: number;
    subtotalMinor: number;
    discountMinor: number;
    serviceChargeMinor: number;
    taxMinor: number;
    taxLines: OrderView['taxLines'];
    taxMode: OrderView['taxMode'];
    taxSplit: OrderView['taxSplit'];
    discountGiven: OrderView['discountGiven'];
  };
};

/** Prices lines under the shop's rules of a business date. Throws `amount_too_large`. */
export function makeBill(
  given: BillLine[],
  terms: BillTerms,
  settings: SettingsValues,
  businessDate: string,
): Bill {
  const { digits } = terms;
  const discount = roundDiscount(terms.discount, digits);
  const lines = given.map((line) => taxLine(roundLine(line, digits), settings, businessDate));
  const priced = priceLines(lines, { ...terms, discount }, settings);
  return {
    items: lines.map((line, index) => freeze(line, priced.lines[index] as PricedLine)),
    lineStock: lines.map((line) => stockOfLine(line, digits)),
    pricedLines: priced.lines,
    exactMinor: priced.totalMinor,
    digits,
    figures: {
      itemQuantityMilli: lines.reduce((sum, line) => sum + line.quantityMilli, 0),
      subtotalMinor: priced.subtotalMinor,
      discountMinor: priced.discountMinor,
      serviceChargeMinor: priced.serviceChargeMinor,
      taxMinor: priced.taxMinor,
      taxLines: priced.taxLines.map(({ name, percent, taxableMinor, amountMinor }) => ({
        name,
        percent,
        taxable: formatMinor(taxableMinor),
        amount: formatMinor(amountMinor),
      })),
      taxMode: settings.tax.mode,
      taxSplit: taxSplitFor(settings.tax, terms.placeOfSupply),
      discountGiven: viewDiscount(discount),
    },
  };
}

type TaxedLine = BillLine & { taxPercent: number };

/** Adds the tax rate of the business date, unless the line has its own. */
const taxLine = (line: BillLine, { tax }: SettingsValues, businessDate: string): TaxedLine => ({
  ...line,
  taxPercent:
    line.taxPercent ?? resolveTaxPercent(tax.classes, line.taxClass, tax.defaultClass, businessDate),
});

/** Throws `amount_too_large`. */
function priceLines(
  lines: TaxedLine[],
  { discount, orderType, placeOfSupply, waivesServiceCharge, digits }: BillTerms,
  { tax, serviceCharge }: SettingsValues,
): PricedBill {
  const isCharged = !waivesServiceCharge && serviceCharge.orderTypes.includes(orderType);
  return priceBill({
    lines: lines.map((line) => ({
      unitPriceMinor: line.unitPriceMinor,
      modifierPricesMinor: line.modifiers.map((modifier) => modifier.priceMinor),
      quantityMilli: line.quantityMilli,
      discount: line.discount ?? null,
      taxClass: line.taxClass,
      taxPercent: line.taxPercent,
    })),
    discount,
    serviceChargePercent: isCharged ? serviceCharge.percent : 0,
    taxMode: tax.mode,
    taxSplit: taxSplitFor(tax, placeOfSupply),
    digits,
  });
}

function stockOfLine(line: BillLine, digits: Digits): LineStock {
  const costMinor = costOf(line, digits);
  return { recipe: freezeRecipe(line.recipe), cost: costMinor === null ? null : formatMinor(costMinor) };
}

function roundDiscount<D extends GivenDiscount | null | undefined>(discount: D, digits: Digits): D {
  return discount?.type === 'flat' ? { ...discount, value: roundMinor(discount.value, digits) } : discount;
}

/** Rounds the amounts of a line that was stored before whole amounts were required, when its order is priced again. */
function roundLine(line: BillLine, digits: Digits): BillLine {
  if (digits === 2) return line;
  const { unitPriceMinor, listPriceMinor, modifiers, discount } = line;
  return {
    ...line,
    unitPriceMinor: roundMinor(unitPriceMinor, digits),
    listPriceMinor: listPriceMinor === null ? null : roundMinor(listPriceMinor, digits),
    modifiers: modifiers.map((each) => ({ ...each, priceMinor: roundMinor(each.priceMinor, digits) })),
    discount: roundDiscount(discount, digits),
  };
}

function freeze(line: TaxedLine, priced: PricedLine): OrderView['items'][number] {
  return {
    id: line.id,
    productId: line.productId,
    variantId: line.variantId,
    name: line.name,
    variantName: line.variantName,
    category: line.category,
    sku: line.sku,
    hsn: line.hsn,
    quantity: quantityFromMilli(line.quantityMilli),
    soldBy: line.soldBy,
    unit: line.unit,
    unitPrice: formatMinor(line.unitPriceMinor),
    listPrice: line.listPriceMinor === null ? null : formatMinor(line.listPriceMinor),
    modifiers: line.modifiers.map(({ id, name, priceMinor }) => ({
      id,
      name,
      price: formatMinor(priceMinor),
    })),
    note: line.note,
    subtotal: formatMinor(priced.subtotalMinor),
    discount: formatMinor(priced.discountMinor),
    discountGiven: viewDiscount(line.discount ?? null),
    serviceCharge: formatMinor(priced.serviceChargeMinor),
    taxClass: line.taxClass,
    taxPercent: formatPercent(line.taxPercent),
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
