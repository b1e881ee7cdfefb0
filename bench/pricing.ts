import { type BillInput, priceBill } from '../src/pricing/index.ts';

const LINES = 100;
const WARM_UP = 2_000;
const RUNS = 2_000;

/** A banquet's bill: every line with a modifier and a discount of its own, a discount and a service charge on all. */
const bill: BillInput = {
  lines: [...Array(LINES).keys()].map((n) => ({
    unitPriceMinor: 1_999 + n * 37,
    modifierPricesMinor: [500],
    quantityMilli: 1_000 + (n % 3) * 500,
    discount: n % 2 ? { type: 'percentage', value: 5_000 } : null,
    taxClass: 'food',
    taxPercent: [0, 5_000, 12_000, 18_000][n % 4] as number,
  })),
  discount: { type: 'flat', value: 12_345 },
  serviceChargePercent: 10_000,
  taxMode: 'exclusive',
  taxSplit: 'gst',
};

/** How long the arithmetic of a large bill takes, against the same bytes only read and written as JSON. */
export async function benchPricing(): Promise<string[]> {
  const text = JSON.stringify(bill);
  const priced = measure(() => priceBill(bill));
  const ceiling = measure(() => JSON.stringify(JSON.parse(text)));
  return [
    `a bill of ${LINES} lines is priced in       ${priced.toFixed(3)} ms   (aim: under 1 ms)`,
    `the ceiling: its JSON read and written ${ceiling.toFixed(3)} ms, ratio ${(ceiling / priced).toFixed(2)}`,
  ];
}

/** Milliseconds of one call, the median of many. */
function measure(work: () => unknown): number {
  for (let n = 0; n < WARM_UP; n += 1) work();
  const times = Array.from({ length: RUNS }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return times.sort((a, b) => a - b)[RUNS / 2] as number;
}
