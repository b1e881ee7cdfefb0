/** SKUs and barcodes: when two are the same code, and what is no code at all. */

export const codeKinds = ['sku', 'barcode'] as const;
export type CodeKind = (typeof codeKinds)[number];

const GTIN = /^\d{12,14}$/;

/**
 * A code as it is compared; what was typed is kept beside it. GTIN-12, -13 and -14 are one number with more or fewer
 * leading zeros (GS1 General Specifications, 3.3.2), so a barcode of 12 to 14 digits is padded to 14. GTIN-8 has a number
 * range of its own and stays, and so does every SKU.
 */
export const comparableCode = (kind: CodeKind, code: string): string =>
  kind === 'barcode' && GTIN.test(code) ? code.padStart(14, '0') : code;

/** A number such as `8.90123E+12`, as a spreadsheet shows a long code: its last digits are lost. */
export const isSpreadsheetNumber = (code: string) => /^\d+([.,]\d+)?E\+\d+$/i.test(code);

/** Goes on from the field's name. */
export const SPREADSHEET_NUMBER =
  'is a number as a spreadsheet shortens it, and not the code; format the column as text and give every digit';
