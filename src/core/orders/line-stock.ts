import { type Digits, smallestMinor } from '../../contract/currencies.ts';
import { formatMilli, formatMinor, parseMilli, parseMinor } from '../../contract/money.ts';
import { mulDivHalfUp } from '../../pricing/index.ts';
import type { StockChange } from '../inventory/sql/move-stock.ts';

/** What one unit of a line takes from an item, and what a unit of that item cost when the line came onto the bill. */
export type RecipePart = { itemId: string; quantityMilli: number; costMinor: number };

type StockedLine = { quantityMilli: number; recipe: RecipePart[] };

/** A third decimal is all that stock keeps: rounded half up. */
const takenOf = (part: RecipePart, quantityMilli: number) =>
  mulDivHalfUp(part.quantityMilli, quantityMilli, 1000);

/** What lines take from stock, by the recipes that they came onto the bill with; negative, one entry an item. */
export function stockTaken(lines: StockedLine[]): StockChange[] {
  return sumByItem(
    lines.flatMap(({ recipe, quantityMilli }) =>
      recipe.map((part) => ({ itemId: part.itemId, quantityMilli: -takenOf(part, quantityMilli) })),
    ),
  );
}

/**
 * What goes back to stock when `takeMilli` of a line comes back after `returnedMilli` of it: by difference, so that all
 * parts of a line together give back exactly what it took.
 */
export function stockReturned(
  lines: { recipe: RecipePart[]; returnedMilli: number; takeMilli: number }[],
): StockChange[] {
  return sumByItem(
    lines.flatMap(({ recipe, returnedMilli, takeMilli }) =>
      recipe.map((part) => ({
        itemId: part.itemId,
        quantityMilli: takenOf(part, returnedMilli + takeMilli) - takenOf(part, returnedMilli),
      })),
    ),
  );
}

function sumByItem(changes: StockChange[]): StockChange[] {
  const sums = new Map<string, number>();
  for (const { itemId, quantityMilli } of changes) {
    sums.set(itemId, (sums.get(itemId) ?? 0) + quantityMilli);
  }
  return [...sums].map(([itemId, quantityMilli]) => ({ itemId, quantityMilli }));
}

/** The cost of a line's goods in minor units, rounded to the currency's digits; null without a recipe. */
export function costOf({ recipe, quantityMilli }: StockedLine, digits: Digits): number | null {
  if (recipe.length === 0) return null;
  const unit = smallestMinor(digits);
  return recipe.reduce(
    (sum, part) => sum + mulDivHalfUp(takenOf(part, quantityMilli), part.costMinor, 1000 * unit) * unit,
    0,
  );
}

/** A recipe as `order_lines.recipe` keeps it. */
export type FrozenRecipe = { itemId: string; quantity: string; cost: string }[];

export const freezeRecipe = (recipe: RecipePart[]): FrozenRecipe =>
  recipe.map(({ itemId, quantityMilli, costMinor }) => ({
    itemId,
    quantity: formatMilli(quantityMilli),
    cost: formatMinor(costMinor),
  }));

export const thawRecipe = (recipe: FrozenRecipe): RecipePart[] =>
  recipe.map(({ itemId, quantity, cost }) => ({
    itemId,
    quantityMilli: parseMilli(quantity) as number,
    costMinor: parseMinor(cost) as number,
  }));
