import type { OrderItem } from '../../contract/orders.ts';

type Named = Pick<OrderItem, 'name' | 'variantName' | 'category' | 'sku' | 'variantId'> & {
  soldAs: Pick<OrderItem, 'soldBy' | 'unit'> | undefined;
};

/**
 * The JSON of an order's item in three pieces, the same for all lines of a product. Between them stand what differs:
 * id START total MIDDLE quantity, subtotal … unitPrice END (see PRICE_SOLD). The keys come in the order in which jsonb
 * keeps them, by length and then by letter: PostgreSQL then has nothing to sort.
 */
export function itemJson({ name, variantName, category, sku, variantId, soldAs }: Named): {
  start: string;
  middle: string;
  end: string;
} {
  const json = JSON.stringify;
  return {
    start: `","hsn":null,"sku":${json(sku)},"tax":"0.00","name":${json(name)},"note":"","unit":${json(soldAs?.unit ?? null)},"total":"`,
    middle: `","soldBy":${json(soldAs?.soldBy ?? null)},"category":${json(category)},"discount":"0.00","quantity":`,
    end: `","variantId":${json(variantId)},"taxPercent":"0","variantName":${json(variantName)},"discountGiven":null,"serviceCharge":"0.00"}`,
  };
}
