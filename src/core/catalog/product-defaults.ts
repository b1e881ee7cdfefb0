import { usualUnit } from '../../contract/sold-by.ts';

/** The fields of a new product that nothing was said of, made by hand or by an import. */
export const productDefaults = {
  category: null,
  description: null,
  sku: null,
  barcode: null,
  taxClass: null,
  hsn: null,
  soldBy: 'piece',
  unit: usualUnit.piece,
} as const;
