import type { Product } from '../../contract/products.ts';
import { listAudit } from '../audit/list-audit.ts';
import { pageOfMenu } from '../catalog/load-products.ts';
import { viewProduct } from '../catalog/view-product.ts';
import { listCustomers } from '../customers/find-customers.ts';
import { listItems } from '../inventory/list-items.ts';
import { viewItem } from '../inventory/view-item.ts';
import type { Page } from '../paging.ts';
import type { ExportContext, ExportSource, Row } from './export-kinds.ts';
import { auditSpan } from './sql/audit-span.ts';
import { zonedTime } from './zoned-time.ts';

/** Records of the audit can be some kilobytes each. */
const PAGE_ROWS = 200;

/** The pages of a list that also the API has. What the entity manager read is forgotten with each page. */
async function* pagesOf<T>(
  { em }: ExportContext,
  read: (page: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
  rowsOf: (item: T) => Row[],
): AsyncGenerator<Row[]> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page: Page<T> = await read({ limit: PAGE_ROWS, cursor });
    yield page.data.flatMap(rowsOf);
    em.clear();
    cursor = page.nextCursor;
  }
}

/** A row for each variant, as `import products` reads a menu; one more where the product around them has codes of its own. */
function productRows(product: Product): Row[] {
  const { category, description, taxClass, hsn, soldBy, unit, isActive } = product;
  const shared = { product: product.name, category, description, taxClass, hsn, soldBy, unit, isActive };
  const { sku, barcode, price, id } = product;
  const own = { ...shared, sku, barcode, variant: null, price, id, variantId: null };
  const variants = product.variants.map((variant) => ({
    ...shared,
    sku: variant.sku,
    barcode: variant.barcode,
    variant: variant.name,
    price: variant.price,
    id,
    variantId: variant.id,
  }));
  const hasOwnCodes = sku !== null || barcode !== null;
  return variants.length === 0 || hasOwnCodes ? [own, ...variants] : variants;
}

export const products: ExportSource = {
  columns: [
    ...['sku', 'barcode', 'product', 'variant', 'category', 'price', 'description', 'taxClass', 'hsn'],
    ...['soldBy', 'unit', 'isActive', 'id', 'variantId'],
  ],
  batches: (context) =>
    pagesOf(
      context,
      (page) => pageOfMenu(context.em, context.shop.id, page),
      (parts) => productRows(viewProduct(parts, context.app.keys)),
    ),
};

export const inventory: ExportSource = {
  columns: ['name', 'unit', 'quantity', 'cost', 'reorderLevel', 'policy', 'isLow', 'updatedAt', 'id'],
  batches: (context) =>
    pagesOf(
      context,
      (page) => listItems(context.em, context.shop.id, page),
      (item) => [
        { ...viewItem(item), updatedAt: zonedTime(item.updatedAt.getTime(), context.shop.timezone) },
      ],
    ),
};

export const customers: ExportSource = {
  columns: [
    ...[
      'name',
      'phone',
      'email',
      'address',
      'notes',
      'visits',
      'spent',
      'owes',
      'lastVisitAt',
      'createdAt',
      'id',
    ],
  ],
  batches: (context) => {
    const clock = (at: string | null) => at && zonedTime(at, context.shop.timezone);
    return pagesOf(
      context,
      (page) => listCustomers(context, context.shop.id, page),
      (customer) => [
        { ...customer, lastVisitAt: clock(customer.lastVisitAt), createdAt: clock(customer.createdAt) },
      ],
    );
  },
};

async function* auditRows(context: ExportContext): AsyncGenerator<Row[]> {
  const { em, shop } = context;
  const span = await auditSpan(em, shop.id, context.span);
  yield* pagesOf(
    context,
    (page) => listAudit(em, shop.id, { ...span, ...page }),
    ({ at, actor, ...record }) => [
      {
        ...record,
        at: zonedTime(at, shop.timezone),
        actorKind: actor.kind,
        actorId: actor.id,
        actorName: actor.name,
        actorAccount: actor.account ?? null,
      },
    ],
  );
}

/** Newest first, as everywhere. */
export const audit: ExportSource = {
  columns: [
    ...[
      'id',
      'at',
      'type',
      'actions',
      'actorKind',
      'actorId',
      'actorName',
      'actorAccount',
      'deviceId',
      'deviceName',
      'address',
    ],
    ...['sealNumber', 'before', 'after'],
  ],
  batches: auditRows,
};
