import { indianStateOf } from '../contract/indian-states.ts';
import type { SettingsValues } from '../contract/settings.ts';
import { mulDivHalfUp, requireWhole, sum } from './arithmetic.ts';

/** 100% in thousandths of a per cent. */
export const WHOLE = 100_000;

export type TaxMode = 'inclusive' | 'exclusive';
/** One tax, CGST and SGST in equal halves (supply within a state), or IGST (supply to another state). */
export type TaxSplit = 'none' | 'gst' | 'igst';

/** A tax class with the rate of one business date; `percent` in thousandths of a per cent. */
export type TaxRate = { class: string; name: string; percent: number };

/** One tax as it is printed: name `CGST 2.5%` or `Tax 8.875%`, percent `2.5`, amounts in minor units. */
export type TaxSummary = { name: string; percent: string; taxableMinor: number; amountMinor: number };

type TaxedLine = { taxPercent: number; taxableMinor: number; taxMinor: number };

/**
 * The rate of a class on a business date (`YYYY-MM-DD`): its newest one not after the date. A product that
 * names no class (`code` null) has the default one. Null when the class is not there or holds no rate yet.
 */
export function resolveTaxRate(
  classes: SettingsValues['tax']['classes'],
  code: string | null,
  defaultClass: string,
  businessDate: string,
): TaxRate | null {
  const taxClass = classes.find((candidate) => candidate.code === (code ?? defaultClass));
  if (!taxClass) return null;
  const inForce = taxClass.rates.filter((rate) => rate.from <= businessDate);
  const newest = inForce.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)).at(-1);
  return newest ? { class: taxClass.code, name: taxClass.name, percent: newest.percent } : null;
}

/** The per cent of `resolveTaxRate` in thousandths; 0 when there is none. */
export function resolveTaxPercent(
  classes: SettingsValues['tax']['classes'],
  code: string | null,
  defaultClass: string,
  businessDate: string,
): number {
  return resolveTaxRate(classes, code, defaultClass, businessDate)?.percent ?? 0;
}

/** A State by its code, however it is typed; what is none of India's by its letters: `Tamil Nadu` and ` tamil  nadu` are one. */
const comparableState = (name: string) =>
  indianStateOf(name) ?? name.trim().replace(/\s+/g, ' ').toLowerCase();

/**
 * How a bill's tax is split: a supply to a state other than the shop's bears IGST (IGST Act 2017, s. 5; s. 7(1)
 * for goods, 7(3) for services). While either state is not known it counts as a supply within the shop's own.
 */
export function taxSplitFor(
  { split, state }: { split: 'none' | 'gst'; state: string },
  placeOfSupply: string | null,
): TaxSplit {
  const [from, to] = [comparableState(state), comparableState(placeOfSupply ?? '')];
  return split === 'gst' && from && to && from !== to ? 'igst' : split;
}

/**
 * The tax of one line in minor units, rounded half up: on top of `amountMinor`, or contained in it, amount ×
 * rate ÷ (100 + rate) as CGST Rules 2017, rule 35 has it. Under GST each half is rounded by itself (CGST and
 * SGST are two taxes of equal rate; CGST Act 2017, s. 9 and the SGST Acts), so the sum is always even; IGST is
 * one tax of the whole rate and rounds once, so the two differ by a paisa now and then. A contained tax
 * never passes its amount: a half is less than amount ÷ 2 before it is rounded.
 */
export function taxOf(amountMinor: number, percent: number, mode: TaxMode, split: TaxSplit): number {
  const base = mode === 'inclusive' ? WHOLE + percent : WHOLE;
  return split === 'gst'
    ? 2 * mulDivHalfUp(amountMinor, percent, 2 * base)
    : mulDivHalfUp(amountMinor, percent, base);
}

function formatScaled(scaled: number, places: number): string {
  const digits = String(scaled).padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return fraction ? `${digits.slice(0, -places)}.${fraction}` : digits.slice(0, -places);
}

/** Thousandths of a per cent as text without needless zeros: 5000 → `5`, 8875 → `8.875`. */
export function formatPercent(thousandths: number): string {
  requireWhole(thousandths, 'a percentage');
  return formatScaled(thousandths, 3);
}

/** Half a percentage; an odd number of thousandths needs a fourth decimal: 125 → `0.0625`. */
const formatHalf = (thousandths: number) => formatScaled(thousandths * 5, 4);

/**
 * What the receipt says about tax: the stored figures of the lines added up per rate, lowest rate first.
 * Under GST each rate gives CGST, then SGST, both on the same taxable value, or else IGST alone. Untaxed lines
 * are left out.
 */
export function summarizeTax(lines: TaxedLine[], split: TaxSplit): TaxSummary[] {
  const rates = [...new Set(lines.map((line) => line.taxPercent))].filter((rate) => rate !== 0);
  return rates
    .sort((a, b) => a - b)
    .flatMap((thousandths) => {
      const group = lines.filter((line) => line.taxPercent === thousandths);
      const taxableMinor = sum(group.map((line) => line.taxableMinor));
      const taxMinor = sum(group.map((line) => line.taxMinor));
      const summary = (tax: string, percent: string, amountMinor: number) => ({
        name: `${tax} ${percent}%`,
        percent,
        taxableMinor,
        amountMinor,
      });
      if (split !== 'gst') {
        return [summary(split === 'igst' ? 'IGST' : 'Tax', formatPercent(thousandths), taxMinor)];
      }
      const percent = formatHalf(thousandths);
      return [summary('CGST', percent, taxMinor / 2), summary('SGST', percent, taxMinor / 2)];
    });
}
