import { parse } from 'node:path';
import { comparableCode } from '../../contract/codes.ts';

/** What a file name is matched with: the SKU or barcode of a product or one of its variants, or the product's name. */
export const matchings = ['sku', 'barcode', 'name'] as const;
export type Matching = (typeof matchings)[number];

/** A product with everything that its image file may be named after. */
export type NamedProduct = {
  id: string;
  name: string;
  imageHash: string | null;
  skus: string[];
  barcodes: string[];
};

/** The products that a file name matches; one, if all is well. */
export type MatchFile = (fileName: string) => NamedProduct[];

/**
 * Matches products by file name without extension: exact first, then ignoring case; for names, blanks, hyphens and underscores
 * are then equal too.
 */
export function matchBy(matching: Matching, products: NamedProduct[]): MatchFile {
  const exact = new Map<string, Set<NamedProduct>>();
  const loose = new Map<string, Set<NamedProduct>>();
  for (const product of products) {
    for (const word of wordsOf(matching, product)) {
      add(exact, word.normalize('NFC'), product);
      add(loose, fold(word, matching), product);
    }
  }
  return (fileName) => {
    // macOS decomposes accented letters in file names (NFD).
    const name = parse(fileName).name.normalize('NFC');
    const word = matching === 'barcode' ? comparableCode('barcode', name.trim()) : name;
    return [...(exact.get(word) ?? loose.get(fold(word, matching)) ?? [])];
  };
}

function wordsOf(matching: Matching, { name, skus, barcodes }: NamedProduct): string[] {
  if (matching === 'name') return [name];
  return matching === 'sku' ? skus : barcodes.map((code) => comparableCode('barcode', code));
}

function fold(text: string, matching: Matching): string {
  const small = text.normalize('NFC').toLocaleLowerCase('und').trim();
  return matching === 'name' ? small.replace(/[\s_-]+/g, ' ').trim() : small;
}

function add(index: Map<string, Set<NamedProduct>>, key: string, product: NamedProduct): void {
  const there = index.get(key) ?? new Set();
  index.set(key, there.add(product));
}
