import { mulDivHalfUp, sum } from './arithmetic.ts';
import type { TaxSplit } from './tax.ts';

type RefundableLine = {
  quantityMilli: number;
  totalMinor: number;
  taxMinor: number;
  returnedMilli: number;
  takeMilli: number;
};
export function priceRefund({
  lines,
  totalMinor,
  taxSplit,
}: {
  lines: RefundableLine[];
  totalMinor: number;
  taxSplit: TaxSplit;
}) {
  const share = (figure: number, l: RefundableLine, even: boolean) => {
    const f = (q: number) =>
      even ? 2 * mulDivHalfUp(figure / 2, q, l.quantityMilli) : mulDivHalfUp(figure, q, l.quantityMilli);
    return f(l.returnedMilli + l.takeMilli) - f(l.returnedMilli);
  };
  const shares = lines.map((l) => ({
    taxMinor: share(l.taxMinor, l, taxSplit === 'gst'),
    totalMinor: share(l.totalMinor, l, false),
  }));
  const R = (extra: boolean) => {
    const whole = lines.every((l) => l.returnedMilli + (extra ? l.takeMilli : 0) === l.quantityMilli);
    const s = sum(
      lines.map((l) =>
        mulDivHalfUp(l.totalMinor, l.returnedMilli + (extra ? l.takeMilli : 0), l.quantityMilli),
      ),
    );
    return whole ? totalMinor : Math.min(s, totalMinor);
  };
  const total = R(true) - R(false);
  return {
    lines: shares,
    taxMinor: sum(shares.map((l) => l.taxMinor)),
    roundingMinor: total - sum(shares.map((l) => l.totalMinor)),
    totalMinor: total,
  };
}
