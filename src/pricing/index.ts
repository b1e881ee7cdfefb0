/**
 * The arithmetic of a bill, pure and free of dependencies, so that a till prices offline exactly as the
 * server does. Amounts are whole minor units, quantities whole thousandths, percentages whole thousandths of
 * a per cent.
 */
export { currencyDigits, type Digits } from '../contract/currencies.ts';
export { apportion, mulDivHalfUp } from './arithmetic.ts';
export {
  type BillInput,
  type BillLine,
  type PricedBill,
  type PricedLine,
  priceBill,
} from './bill.ts';
export { type BillDiscount, exceedsDiscountLimit } from './discount.ts';
export {
  type OfferedPayment,
  type SettledPayment,
  type Settlement,
  type SettlementInput,
  settlePayments,
} from './payments.ts';
export {
  type PricedRefund,
  priceRefund,
  type RefundableLine,
  type RefundInput,
  refundInSteps,
} from './refund.ts';
export {
  type CashSteps,
  cashAmountOf,
  cashToReturn,
  isInSteps,
  type Rounding,
  type RoundingMode,
  roundingOf,
} from './rounding.ts';
export {
  formatPercent,
  resolveTaxPercent,
  resolveTaxRate,
  type TaxMode,
  type TaxRate,
  type TaxSplit,
  type TaxSummary,
  taxSplitFor,
} from './tax.ts';
