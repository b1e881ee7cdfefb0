/** Compares SKUs and barcodes. */

export const codeKinds = ['sku', 'barcode'] as const;
export type CodeKind = (typeof codeKinds)[number];

const GTIN = /^\d{12,14}$/;

/**
 * A code in the form that is compared; the product keeps it as it was typed. GTIN-12, -13 and -14 are one number with more
 * or fewer leading zeros (GS1 General Specifications, 3.3.2), so a barcode of 12 to 14 digits is padded to 14. GTIN-8 has a
 * number range of its own, so it isn't padded. Nor is a SKU.
 */
export const comparableCode = (kind: CodeKind, code: string): string =>
  kind === 'barcode' && GTIN.test(code) ? code.padStart(14, '0') : code;

/** Whether a spreadsheet turned a long code into a number such as `8.90123E+12`, which lost its last digits. */
export const isSpreadsheetNumber = (code: string) => /^\d+([.,]\d+)?E\+\d+$/i.test(code);

/** Follows the field's name in a message. */
export const SPREADSHEET_NUMBER =
  'is a number as a spreadsheet shortens it, and not the code; format the column as text and give every digit';
