import type { EntityManager } from '@mikro-orm/postgresql';
import { type CodeKind, codeKinds, comparableCode } from '../../contract/codes.ts';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import {
  type CodeOwner,
  type CodeRow,
  claimCodes,
  findCode,
  lockCodes,
  ownersOfCodes,
  type RunSql,
  releaseCodes,
} from './sql/product-codes.ts';

type Coded = { id: string; sku: string | null; barcode: string | null };

/** A product with its codes and its variants' codes, such as `ProductView` or a row of the menu. */
export type CodedProduct = Coded & { variants: Coded[] };

/** A code with its JSON pointer in the product. */
type PlacedCode = CodeRow & { typed: string; pointer: string };

export const runIn =
  (em: EntityManager): RunSql =>
  (sql, parameters) =>
    query(em, sql, parameters);

const codesOf = (product: CodedProduct): PlacedCode[] =>
  [
    { article: product as Coded, variantId: null, place: '' },
    ...product.variants.map((variant, index) => ({
      article: variant,
      variantId: variant.id,
      place: `/variants/${index}`,
    })),
  ].flatMap(({ article, variantId, place }) =>
    codeKinds.flatMap((kind) => {
      const typed = article[kind];
      if (typed === null) return [];
      const code = comparableCode(kind, typed);
      return [{ kind, code, typed, productId: product.id, variantId, pointer: `${place}/${kind}` }];
    }),
  );

const ownedKey = ({ kind, code, productId, variantId }: CodeRow) =>
  JSON.stringify([kind, code, productId, variantId]);

export type CodeClash = { row: PlacedCode; owners: CodeOwner[] };

/**
 * Updates the codes of articles after the articles were written. Only codes that are new to an article have to be free:
 * articles that shared a code before may keep it. Returns the codes that another article has.
 */
export async function moveCodes(
  run: RunSql,
  shopId: string,
  before: CodedProduct[],
  after: CodedProduct[],
): Promise<CodeClash[]> {
  const [had, has] = [before.flatMap(codesOf), after.flatMap(codesOf)];
  const [hadKeys, hasKeys] = [new Set(had.map(ownedKey)), new Set(has.map(ownedKey))];
  const wanted = has.filter((row) => !hadKeys.has(ownedKey(row)));
  const released = had.filter((row) => !hasKeys.has(ownedKey(row)));
  if (released.length > 0) {
    await lockCodes(run, shopId, [...released, ...wanted]);
    await releaseCodes(run, shopId, released);
  }
  const { firsts, twins } = splitTwins(wanted);
  const refused = (await claimCodes(run, shopId, firsts)) as PlacedCode[];
  const clashes = [...twins, ...refused];
  if (clashes.length === 0) return [];
  const owners = await ownersOfCodes(run, shopId, clashes);
  return clashes.map((row) => ({
    row,
    owners: owners.filter((owner) => isSameCode(owner, row) && !isSameArticle(owner, row)),
  }));
}

type CodeName = Pick<CodeRow, 'kind' | 'code'>;
const isSameCode = (a: CodeName, b: CodeName) => a.kind === b.kind && a.code === b.code;
const isSameArticle = (a: CodeRow, b: CodeRow) => a.productId === b.productId && a.variantId === b.variantId;

/** Codes that two articles of the same change ask for; the first one gets it. */
function splitTwins(rows: PlacedCode[]): { firsts: PlacedCode[]; twins: PlacedCode[] } {
  const seen = new Set<string>();
  const [firsts, twins]: [PlacedCode[], PlacedCode[]] = [[], []];
  for (const row of rows) {
    const name = `${row.kind} ${row.code}`;
    (seen.has(name) ? twins : firsts).push(row);
    seen.add(name);
  }
  return { firsts, twins };
}

const WORDS: Record<CodeKind, string> = { sku: 'SKU', barcode: 'barcode' };

/** Updates the codes of one product. Throws `already_exists` with each code that another article has. */
export async function moveProductCodes(
  em: EntityManager,
  shopId: string,
  before: CodedProduct | null,
  after: CodedProduct | null,
): Promise<void> {
  const clashes = await moveCodes(runIn(em), shopId, before ? [before] : [], after ? [after] : []);
  const errors = clashes.map((clash) => ({ pointer: clash.row.pointer, detail: clashSentence(clash) }));
  const [first] = errors;
  if (first) throw new ProblemError('already_exists', { detail: first.detail, errors });
}

export const clashSentence = ({ row, owners }: CodeClash) =>
  `The ${WORDS[row.kind]} ${row.typed} belongs to ${namesOf(owners)} already. Each article needs its own.`;

const namesOf = (owners: CodeOwner[]) => owners.map(({ name }) => name).join(' and ') || 'another article';

/**
 * Finds the product with this code, its own or a variant's; null if there is none. Throws `two_articles` for a shared code:
 * a till must not guess which article was scanned.
 */
export async function findProductByCode(
  em: EntityManager,
  shopId: string,
  kind: CodeKind,
  typed: string,
): Promise<string | null> {
  const code = comparableCode(kind, typed);
  const found = await findCode(runIn(em), shopId, { kind, code });
  if (found?.productId !== null) return found?.productId ?? null;
  const articles = (await ownersOfCodes(runIn(em), shopId, [{ kind, code }])).map(
    ({ productId, variantId, name }) => ({ productId, variantId, name }),
  );
  const names = articles.map(({ name }) => name).join(' and ');
  const pointer = `/query/${kind}`;
  const detail = `Two articles have the ${WORDS[kind]} ${typed}: ${names}. Choose by name, and give one of them another ${WORDS[kind]}.`;
  throw new ProblemError('two_articles', { detail, errors: [{ pointer, detail }], extra: { articles } });
}
