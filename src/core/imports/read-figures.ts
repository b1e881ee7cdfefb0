import type { Digits } from '../../contract/currencies.ts';
import { formatMinor } from '../../contract/money.ts';
import {
  type DecimalSign,
  divide,
  multiply,
  type Parsed,
  parseAmount,
  parseQuantity,
} from './parse-values.ts';
import type { Figures } from './sold-items.ts';

/**
 * Reads quantity, price and total of a row and checks them against each other; undefined is a column that the file
 * doesn't have. A total alone gives the price if it divides exactly.
 */
export function createFigureReader({
  decimal,
  quantityDecimal = decimal,
  allowReturns,
  digits,
}: {
  decimal: DecimalSign;
  quantityDecimal?: DecimalSign;
  allowReturns: boolean;
  /** Decimals of the shop's currency. */
  digits: Digits;
}): (quantity: string, price: string | undefined, total: string | undefined) => Parsed<Figures> {
  return (quantityText, priceText, totalText) => {
    const quantity = readQuantity(quantityText, quantityDecimal, allowReturns);
    const price = priceText === undefined ? undefined : readPrice(priceText, decimal, digits);
    const total = totalText === undefined ? undefined : parseAmount('total', totalText, decimal, digits);
    if (quantity.fault !== undefined || price?.fault !== undefined || total?.fault !== undefined) {
      const faults = [quantity.fault, price?.fault, total?.fault].filter((fault) => fault !== undefined);
      return { fault: faults.join('; ') };
    }
    return reckon(quantity.value, price?.value, total?.value, digits);
  };
}

function readQuantity(text: string, decimal: DecimalSign, allowReturns: boolean): Parsed<number> {
  const quantity = parseQuantity(text, decimal);
  if (quantity.fault !== undefined || quantity.value > 0) return quantity;
  if (quantity.value === 0) return { fault: 'quantity is 0' };
  return allowReturns
    ? quantity
    : { fault: `quantity ${text.trim()} is negative (--allow-returns makes it a refund)` };
}

/** An amount that must not be negative; 0 is a free item. */
export function readPrice(text: string, decimal: DecimalSign, digits: Digits): Parsed<number> {
  const price = parseAmount('price', text, decimal, digits);
  return price.value !== undefined && price.value < 0 ? { fault: `price ${text.trim()} is negative` } : price;
}

function reckon(
  signedMilli: number,
  price: number | undefined,
  total: number | undefined,
  digits: Digits,
): Parsed<Figures> {
  const isReturn = signedMilli < 0;
  const quantityMilli = Math.abs(signedMilli);
  // Some tills write the total of a return with a minus, some without.
  const given = total !== undefined && isReturn ? Math.abs(total) : total;
  if (given !== undefined && given < 0) return { fault: 'total is negative' };
  const priceMinor = price ?? divide(given ?? 0, quantityMilli, digits);
  if (priceMinor === undefined) {
    return { fault: 'total is no multiple of the quantity: it gives no exact unit price' };
  }
  const totalMinor = multiply(priceMinor, quantityMilli, digits);
  if (totalMinor === undefined) return { fault: 'price times quantity is beyond 99999999.99' };
  if (given !== undefined && given !== totalMinor) {
    return {
      fault: `total is ${formatMinor(given)}, but price times quantity is ${formatMinor(totalMinor)}`,
    };
  }
  return { value: { priceMinor, quantityMilli, totalMinor, isReturn } };
}
