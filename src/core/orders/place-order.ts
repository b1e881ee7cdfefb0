import { formatMinor } from '../../contract/money.ts';
import { NewOrder } from '../../contract/orders.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { examineApproval, requireLeave } from '../auth/approval.ts';
import type { Context } from '../context.ts';
import { settingsOf } from '../shops/settings.ts';
import { requirePlaceOfSupply } from '../shops/tax-registration.ts';
import { requireWholeAmounts } from '../shops/whole-amounts.ts';
import { customerOf, draftSale, priceSale, saleNeeds } from './draft-sale.ts';
import type { Bill } from './make-bill.ts';
import { possibleTotals, settle, wholePayment } from './order-payments.ts';
import { resolveLines } from './resolve-lines.ts';
import { saleHash } from './sale-hash.ts';
import { loadForSale } from './sql/load-for-sale.ts';
import { requireWholePieces } from './whole-pieces.ts';
import { type Placed, readSame, writeSale } from './write-sale.ts';

/**
 * Sells: prices the bill by the shop's rules and writes it, its stock and its event at once.
 * The same id and body again give the same order. Throws `invalid_request`, `order_conflict`, `unknown_product`, `invalid_payment`,
 * `total_mismatch`, `out_of_stock`, `amount_too_large`, `approval_needed`, `approval_refused`, `too_many_requests`.
 */
export async function placeOrder(context: Context, shopId: string, body: NewOrder): Promise<Placed> {
  const { app, em, actor } = context;
  const requestHash = saleHash(app.keys, body);
  const productIds = body.items.map((line) => line.productId);
  const { shop, earlier, products } = await loadForSale(em, shopId, body.id, productIds);
  if (earlier) return { order: await readSame(context, shopId, body.id, requestHash), isReplay: true };

  requireWholeAmounts(shop.currency, NewOrder, body);
  const now = app.now();
  const terms = { shop, settings: settingsOf(shop) };
  requirePlaceOfSupply(terms.settings, body.placeOfSupply);
  const customerPhone = customerOf(body, terms.settings);
  const lines = resolveLines(body.items, products);
  requireWholePieces(lines);
  const priced = priceSale(terms, body, lines, now);
  const approval = await examineApproval(context, shopId, body.approval);
  const approvedBy = requireLeave(actor, approval(), saleNeeds(priced, terms.settings, actor));
  const settled = settleNew(body, priced.bill, terms.settings);
  const sale = { ...priced, body, settled, customerPhone, approvedBy, requestHash, now };
  return await writeSale(context, draftSale(actor, terms, sale));
}

function mismatch(expectedMinor: number, totalMinor: number, { figures, items }: Bill): ProblemError {
  const total = formatMinor(totalMinor);
  return new ProblemError('total_mismatch', {
    detail: `The till says ${formatMinor(expectedMinor)}, but it comes to ${total}. Prices may have changed: fetch them again.`,
    errors: [{ pointer: '/expectedTotal', detail: `is not ${total}` }],
    extra: {
      total,
      subtotal: formatMinor(figures.subtotalMinor),
      discount: formatMinor(figures.discountMinor),
      serviceCharge: formatMinor(figures.serviceChargeMinor),
      tax: formatMinor(figures.taxMinor),
      items,
    },
  });
}

/** What was paid on the bill, or is to be. Throws `total_mismatch` before `invalid_payment`: it explains it. */
function settleNew(
  { paymentMethod, payments, expectedTotal }: NewOrder,
  bill: Bill,
  settings: SettingsValues,
) {
  const offered = paymentMethod ? wholePayment(paymentMethod, bill.exactMinor, settings) : payments;
  const totals = possibleTotals(bill.exactMinor, offered, settings);
  if (expectedTotal !== undefined && !totals.includes(expectedTotal)) {
    throw mismatch(expectedTotal, settle(bill.exactMinor, [], [], settings).totalMinor, bill);
  }
  const settled = settle(bill.exactMinor, offered, [], settings);
  if (expectedTotal !== undefined && expectedTotal !== settled.totalMinor) {
    throw mismatch(expectedTotal, settled.totalMinor, bill);
  }
  return settled;
}
