import { z } from 'zod';

/** How a product is sold: in whole pieces, or weighed or measured. */
export const SoldBy = z.enum(['piece', 'weight', 'volume', 'length']);
export type SoldBy = z.output<typeof SoldBy>;

/** The default units. */
export const usualUnit: Readonly<Record<SoldBy, string>> = {
  piece: 'pc',
  weight: 'kg',
  volume: 'l',
  length: 'm',
};

/** Spellings in product lists, in lower case. */
const unitWords: Readonly<Record<SoldBy, string>> = {
  piece: 'pc pcs pce pces piece pieces each ea unit units nos no. stk stück pièce pieza',
  weight: 'kg kgs kilo kilos kilogram kilograms kilogramme g gm gms gr gram grams gramme lb lbs oz quintal',
  volume: 'l ltr ltrs lt litre litres liter liters ml cl dl gal gallon',
  length: 'm mtr mtrs meter meters metre metres cm mm ft feet foot yd yard yards inch',
};
const soldByOfWord = new Map(
  SoldBy.options.flatMap((soldBy) => unitWords[soldBy].split(' ').map((word) => [word, soldBy] as const)),
);

/** How goods with this unit are sold; undefined for an unknown unit, such as `bottle`. */
export const soldByOfUnit = (unit: string): SoldBy | undefined => soldByOfWord.get(unit.trim().toLowerCase());
