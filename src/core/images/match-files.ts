import { parse } from 'node:path';

/** What a file's name is held against: a product's SKU or barcode, or one of a variant of it; or the product's name. */
export const matchings = ['sku', 'barcode', 'name'] as const;
export type Matching = (typeof matchings)[number];

/** A product with all that its picture's file may be called. */
export type NamedProduct = {
  id: string;
  name: string;
  imageHash: string | null;
  skus: string[];
  barcodes: string[];
};

/** The products that a file may be meant for: one, if all is well. */
export type MatchFile = (fileName: string) => NamedProduct[];

/**
 * Finds products by the names of files, without their endings. Letters count as they are; where none fits so, capitals and small
 * ones are the same, and in names so are blanks, hyphens and underscores.
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
    // macOS takes letters and their accents apart.
    const word = parse(fileName).name.normalize('NFC');
    return [...(exact.get(word) ?? loose.get(fold(word, matching)) ?? [])];
  };
}

function wordsOf(matching: Matching, { name, skus, barcodes }: NamedProduct): string[] {
  if (matching === 'name') return [name];
  return matching === 'sku' ? skus : barcodes;
}

function fold(text: string, matching: Matching): string {
  const small = text.normalize('NFC').toLocaleLowerCase('und').trim();
  return matching === 'name' ? small.replace(/[\s_-]+/g, ' ').trim() : small;
}

function add(index: Map<string, Set<NamedProduct>>, key: string, product: NamedProduct): void {
  const there = index.get(key) ?? new Set();
  index.set(key, there.add(product));
}
