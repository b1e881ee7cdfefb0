import { patiently, query } from '../../database/query.ts';
import { readKeptHead } from '../audit/kept-heads.ts';
import { inSnapshot } from '../in-snapshot.ts';
import { findShop } from '../shops/find-shops.ts';
import { auditChain } from './audit-chain.ts';
import type { Check, Found, Severity, VerifyContext } from './check.ts';
import { customerContacts } from './customer-contacts.ts';
import { keptResponses } from './kept-responses.ts';
import { salesReports } from './sales-reports.ts';
import { billLines } from './sql/bill-lines.ts';
import { billPayments } from './sql/bill-payments.ts';
import { billRefunds } from './sql/bill-refunds.ts';
import { billSums } from './sql/bill-sums.ts';
import { cashSteps } from './sql/cash-steps.ts';
import { earlierVoids, voidsAfterClosing } from './sql/closed-days.ts';
import { feedSequence } from './sql/feed-sequence.ts';
import { itemQuantities } from './sql/item-quantities.ts';
import { lentNumbers } from './sql/lent-numbers.ts';
import { lineMarks } from './sql/line-marks.ts';
import { numberSeries } from './sql/number-series.ts';
import { orderChanges } from './sql/order-changes.ts';
import { orderEvents } from './sql/order-events.ts';
import { orderStock } from './sql/order-stock.ts';
import { paymentSums } from './sql/payment-sums.ts';
import { productCodes, sharedCodes } from './sql/product-codes.ts';
import { refundSums } from './sql/refund-sums.ts';
import { voidStock } from './sql/void-stock.ts';
import { wholeAmounts } from './sql/whole-amounts.ts';
import { wholePieces } from './sql/whole-pieces.ts';
import { zReports } from './sql/z-reports.ts';

/** Every check, in the order in which they are shown. */
export const checks: readonly Check[] = [
  billLines,
  billSums,
  lineMarks,
  numberSeries,
  lentNumbers,
  paymentSums,
  billPayments,
  billRefunds,
  refundSums,
  cashSteps,
  zReports,
  voidsAfterClosing,
  earlierVoids,
  itemQuantities,
  orderStock,
  voidStock,
  salesReports,
  orderEvents,
  orderChanges,
  wholePieces,
  wholeAmounts,
  productCodes,
  sharedCodes,
  keptResponses,
  customerContacts,
  feedSequence,
  auditChain,
];

export type CheckResult = Found & Pick<Check, 'name' | 'holds' | 'counts'> & { severity: Severity };
export type VerifiedShop = {
  id: string;
  code: string;
  name: string;
  /** Also with warnings. */
  isSound: boolean;
  checks: CheckResult[];
};

/** Without those that only warn. */
export const problemsOf = (results: CheckResult[]) =>
  results.filter(({ severity }) => severity === 'problem');

/** Ten years of a busy shop are some millions of events to read: a minute or two, where a sale has milliseconds. */
const SET_TIMEOUT = "SET LOCAL statement_timeout = '10min'";
const TIMEOUT_MS = 10 * 60_000 + 2_000;

/**
 * Holds a shop's books against each other: bills and their lines, numbers, payments, refunds, stock, reports, feed, audit. It
 * changes nothing and locks nothing, and sees all of one moment, so that the tills may go on selling. `onCheck` hears of
 * each check before it begins. Throws `not_found`.
 */
export async function verifyShop(
  { app, em }: Omit<VerifyContext, 'keptHead'>,
  shopId: string,
  onCheck: (check: Check) => void = () => {},
): Promise<VerifiedShop> {
  const keptHead = await readKeptHead(app.config.home, shopId);
  const look = async (tx: VerifyContext['em']): Promise<VerifiedShop> => {
    await query(tx, SET_TIMEOUT);
    const { id, code, name } = await findShop(tx, shopId);
    const results: CheckResult[] = [];
    for (const check of checks) {
      onCheck(check);
      const found = await check.look({ app, em: tx, keptHead }, shopId);
      const { name, severity = 'problem', holds, counts } = check;
      results.push({ name, severity, holds, counts, ...found });
    }
    const isSound = problemsOf(results).every(({ wrong }) => wrong === 0);
    return { id, code, name, isSound, checks: results };
  };
  return await patiently(TIMEOUT_MS, () => inSnapshot(em, look));
}
